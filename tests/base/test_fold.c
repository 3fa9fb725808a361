#include "base/fold.h"

#include <string.h>

#include "tests/support/fixture.h"

static void names_that_look_the_same_have_one_key(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *key;
    } CASES[] = {
        {"Ann.Example", "ann.example"},
        {"  ann \t", "ann"},
        {"STRASSE", "strasse"},
        {"Stra\xc3\x9f"
         "e",
         "strasse"},
        {"A\xcc\x8a", "\xc3\xa5"},                                /* A and ring: å */
        {"\xe2\x84\xab", "\xc3\xa5"},                             /* Angstrom sign */
        {"\xef\xbc\xa1\xef\xbc\xa2", "ab"},                       /* full width AB */
        {"\xef\xbd\xb6", "\xe3\x82\xab"},                         /* half width katakana KA */
        {"\xef\xac\x81x", "fix"},                                 /* ligature fi */
        {"\xce\xa3\xce\x91\xce\xa3", "\xcf\x83\xce\xb1\xcf\x83"}, /* SIGMA: one sigma */
        {"\xcf\x83\xce\xb1\xcf\x82", "\xcf\x83\xce\xb1\xcf\x83"},
        {"ad\xe2\x80\x8bmin", "admin"}, /* zero width space */
        {"ad\xc2\xadmin", "admin"},     /* soft hyphen */
        {"\xe2\x80\xae"
         "admin",
         "admin"}, /* right-to-left override */
        {"a\xc2\xa0"
         "b",
         "a b"}, /* no-break space */
        {"\xe3\x80\x80"
         "ann\xc2\xa0",
         "ann"}, /* outer wide blanks */
        {"", ""},
        {"\xe2\x80\x8b", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct str key;
        assert_ok(fold_key(&f->scope, str_from_c(CASES[i].text), &key));
        assert_str(key, CASES[i].key);
        struct str again;
        assert_ok(fold_key(&f->scope, key, &again));
        assert_str(again, CASES[i].key);
    }
}

static void names_that_differ_keep_different_keys(void **state) {
    struct fixture *f = *state;
    struct str a;
    struct str b;
    assert_ok(fold_key(&f->scope, STR("ann"), &a));
    assert_ok(fold_key(&f->scope, STR("\xc3\xa4nn"), &b));
    assert_false(str_eq(a, b));
    assert_ok(fold_key(&f->scope, STR("a b"), &a));
    assert_ok(fold_key(&f->scope, STR("ab"), &b));
    assert_false(str_eq(a, b));
}

static void marks_in_another_order_make_no_difference(void **state) {
    struct fixture *f = *state;
    struct str a;
    struct str b;
    /* alpha with iota subscript and acute, in both orders: canonically equal */
    assert_ok(fold_key(&f->scope, STR("\xce\xb1\xcd\x85\xcc\x81"), &a));
    assert_ok(fold_key(&f->scope, STR("\xce\xb1\xcc\x81\xcd\x85"), &b));
    assert_true(str_eq(a, b));
}

static void controls_and_broken_text_are_refused(void **state) {
    struct fixture *f = *state;
    static const struct str CONTROLS[] = {
        STR_INIT("a\nb"), STR_INIT("a\0"),       STR_INIT("\x7f"),         STR_INIT("a\tb"),
        STR_INIT("\x1b"), STR_INIT("a\xc2\x85"), STR_INIT("\xe2\x80\xa8"), STR_INIT("\xe2\x80\xa9"),
    };
    struct str key;
    for (size_t i = 0; i < sizeof CONTROLS / sizeof CONTROLS[0]; i++) {
        assert_failed(fold_key(&f->scope, CONTROLS[i], &key), &f->scope, INVALID, "text.control");
    }
    static const struct str BROKEN[] = {STR_INIT("\xff"), STR_INIT("a\xc3"),
                                        STR_INIT("\xed\xa0\x80"), STR_INIT("\xc0\x80")};
    for (size_t i = 0; i < sizeof BROKEN / sizeof BROKEN[0]; i++) {
        assert_failed(fold_key(&f->scope, BROKEN[i], &key), &f->scope, INVALID, "text.utf8");
    }
}

static void the_length_is_bounded(void **state) {
    struct fixture *f = *state;
    char *text = arena_alloc(f->scope.arena, FOLD_MAX_BYTES + 1);
    memset(text, 'A', FOLD_MAX_BYTES + 1);
    struct str key;
    assert_ok(fold_key(&f->scope, (struct str){text, FOLD_MAX_BYTES}, &key));
    assert_failed(fold_key(&f->scope, (struct str){text, FOLD_MAX_BYTES + 1}, &key), &f->scope,
                  TOO_LARGE, "text.size");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(names_that_look_the_same_have_one_key),
        SENTENCE(names_that_differ_keep_different_keys),
        SENTENCE(marks_in_another_order_make_no_difference),
        SENTENCE(controls_and_broken_text_are_refused),
        SENTENCE(the_length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
