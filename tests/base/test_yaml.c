#include "base/yaml.h"

#include "tests/support/fixture.h"

/* "key=value" or "key=[a,b]", one a line, then "line: key what" of each problem. */
static struct str outline(struct fixture *f, const char *text) {
    struct arena *arena = f->scope.arena;
    const struct yaml_document document = yaml_read(arena, str_from_c(text));
    struct strbuf buf = strbuf_begin(arena, 65536);
    for (size_t i = 0; document.problem_count == 0 && i < document.entry_count; i++) {
        const struct yaml_entry *entry = &document.entries[i];
        strbuf_add(&buf, str_format(arena, "%zu %.*s=", entry->line, STR_ARG(entry->key)));
        strbuf_add_c(&buf, entry->is_list ? "[" : entry->is_empty ? "(none)" : "");
        for (size_t j = 0; j < entry->count; j++) {
            strbuf_add_c(&buf, j > 0 ? "," : "");
            strbuf_add(&buf, entry->items[j].text);
        }
        strbuf_add_c(&buf, entry->is_list ? "]\n" : "\n");
    }
    for (size_t i = 0; i < document.problem_count; i++) {
        const struct yaml_problem *problem = &document.problems[i];
        strbuf_add(&buf, str_format(arena, "%zu: %.*s %s\n", problem->line, STR_ARG(problem->key),
                                    problem->what));
    }
    return strbuf_str(&buf);
}

static void sections_keys_and_lists_are_read_with_their_lines(void **state) {
    struct fixture *f = *state;
    assert_str(outline(f, "# comment\n"
                          "data_dir: /var/lib/gatehouse\n"
                          "http:\n"
                          "  listen: 127.0.0.1:8080 # why\n"
                          "  trusted_proxies:\n"
                          "    - 10.0.0.0/8\n"
                          "    - \"::1\"\n"
                          "outbound: {allow_addresses: []}\n"
                          "smtp:\n"
                          "  from: ''\n"
                          "  user:\n"
                          "  url: ~\n"),
               "2 data_dir=/var/lib/gatehouse\n"
               "4 http.listen=127.0.0.1:8080\n"
               "5 http.trusted_proxies=[10.0.0.0/8,::1]\n"
               "8 outbound.allow_addresses=[]\n"
               "10 smtp.from=\n"
               "11 smtp.user=(none)\n"
               "12 smtp.url=(none)~\n");
}

static void an_empty_document_has_no_entries(void **state) {
    struct fixture *f = *state;
    assert_str(outline(f, ""), "");
    assert_str(outline(f, "# only a comment\n"), "");
    assert_str(outline(f, "---\n"), "");
    assert_str(outline(f, "{}\n"), "");
}

static void what_settings_do_not_need_is_a_problem(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *problems;
    } CASES[] = {
        {"- a\n", "1:  must be a mapping of sections\n"},
        {"word\n", "1:  must be a mapping of sections\n"},
        {"a: 1\na: 2\n", "2: a appears twice\n"},
        {"s:\n  a: 1\n  a: 2\n", "3: s.a appears twice\n"},
        {"s:\n  a: 1\ns:\n  b: 2\n", "3: s appears twice\n"},
        {"s:\n  a:\n    b: 1\n  c: 2\n", "2: s.a must be a plain value or a list of them\n"},
        {"s:\n  a: [[1]]\n", "2: s.a must be a list of plain values\n"},
        {"s:\n  a: [{b: 1}]\n", "2: s.a must be a list of plain values\n"},
        {"s:\n  a: &x 1\n", "2: s.a must have neither anchor nor tag\n"},
        {"s:\n  a: !!int 1\n", "2: s.a must have neither anchor nor tag\n"},
        {"s: &x\n  a: 1\n", "1: s must have neither anchor nor tag\n"},
        {"s:\n  a: &x [1]\n", "2: s.a must have neither anchor nor tag\n"},
        {"s:\n  a: *x\n", "2: s.a must be a plain value or a list of them\n"},
        {"A: 1\n", "1:  has a key that is no word\n"},
        {"a.b: 1\n", "1:  has a key that is no word\n"},
        {"? [a]\n: 1\nb: 2\n", "1:  has a key that is no word\n"},
        {"<<: {a: 1}\n", "1:  has a key that is no word\n"},
        {"a: 1\n---\nb: 2\n", "2:  must be one document\n"},
        {"a: [1\nb: 2\n", "2:  is not YAML\n"},
        {"a: 1\n\tb: 2\n", "2:  is not YAML\n"},
        {"a: \"open\n", "2:  is not YAML\n"},
        {"a: \xff\n", "1:  is not UTF-8 text\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_str(outline(f, CASES[i].text), CASES[i].problems);
    }
}

static void all_problems_are_reported_at_once(void **state) {
    struct fixture *f = *state;
    assert_str(outline(f, "a: 1\na: 2\nB: 3\ns:\n  c: {d: 1}\n  e: !x 1\n"),
               "2: a appears twice\n"
               "3:  has a key that is no word\n"
               "5: s.c must be a plain value or a list of them\n"
               "6: s.e must have neither anchor nor tag\n");
}

static void bounds_hold_against_large_documents(void **state) {
    struct fixture *f = *state;
    struct strbuf deep = strbuf_begin(f->scope.arena, 400 * 1024);
    strbuf_add_c(&deep, "a: ");
    for (int i = 0; i < 5000; i++) {
        strbuf_add_c(&deep, "[");
    }
    assert_true(yaml_read(f->scope.arena, strbuf_str(&deep)).problem_count > 0);
    struct strbuf many = strbuf_begin(f->scope.arena, 400 * 1024);
    for (int i = 0; i < YAML_MAX_ENTRIES + 100; i++) {
        strbuf_add(&many, str_format(f->scope.arena, "k%d: 1\n", i));
    }
    const struct yaml_document document = yaml_read(f->scope.arena, strbuf_str(&many));
    assert_int_equal(document.entry_count, YAML_MAX_ENTRIES);
    assert_int_equal(document.problem_count, 64);
    for (int i = 0; i < 30000; i++) {
        strbuf_add_c(&many, "##########");
    }
    assert_str(outline(f, str_format(f->scope.arena, "%.*s", STR_ARG(strbuf_str(&many))).at),
               "1:  is too large\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(sections_keys_and_lists_are_read_with_their_lines),
        SENTENCE(an_empty_document_has_no_entries),
        SENTENCE(what_settings_do_not_need_is_a_problem),
        SENTENCE(all_problems_are_reported_at_once),
        SENTENCE(bounds_hold_against_large_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
