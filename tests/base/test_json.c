#include "base/json.h"

#include <math.h>
#include <string.h>

#include "tests/support/fixture.h"

static const struct json *read_ok(struct fixture *f, const char *text) {
    const struct json *json = NULL;
    assert_ok(json_read(&f->scope, str_from_c(text), &json));
    return json;
}

static void refused(struct fixture *f, struct str text, enum code code, const char *reason) {
    const struct json *json = NULL;
    const result r = json_read(&f->scope, text, &json);
    if (is_ok(r)) {
        fail_msg("accepted: %.*s", STR_ARG(text));
    }
    assert_int_equal(r.code, code);
    assert_string_equal(f->scope.reason, reason);
    assert_null(json);
}

static void every_kind_is_read_exactly(void **state) {
    struct fixture *f = *state;
    const struct json *json =
        read_ok(f, " {\"n\":null,\"t\":true,\"f\":false,\"i\":9223372036854775807,"
                   "\"m\":-9223372036854775808,\"r\":1.5,\"e\":1e3,\"s\":\"gr\\u00fc\\n\","
                   "\"a\":[1,\"2\",[]],\"o\":{}} ");
    assert_int_equal(json_count(json), 10);
    assert_int_equal(json_kind(json_get(json, STR("n"))), JSON_NULL);
    assert_true(json_as_boolean(json_get(json, STR("t"))));
    assert_false(json_as_boolean(json_get(json, STR("f"))));
    assert_true(json_is_boolean(json_get(json, STR("f"))));
    assert_true(json_as_integer(json_get(json, STR("i"))) == INT64_MAX);
    assert_true(json_as_integer(json_get(json, STR("m"))) == INT64_MIN);
    assert_true(fabs(json_as_real(json_get(json, STR("r"))) - 1.5) < 1e-12);
    assert_int_equal(json_kind(json_get(json, STR("e"))), JSON_REAL);
    assert_str(json_as_string(json_get(json, STR("s"))), "gr\xc3\xbc\n");
    const struct json *array = json_get(json, STR("a"));
    assert_int_equal(json_count(array), 3);
    assert_str(json_as_string(json_at(array, 1)), "2");
    assert_int_equal(json_count(json_at(array, 2)), 0);
    assert_null(json_at(array, 3));
    assert_str(json_member_at(json, 7).name, "s");
    assert_null(json_member_at(json, 10).value);
}

static void any_value_may_stand_at_the_top(void **state) {
    struct fixture *f = *state;
    assert_int_equal(json_as_integer(read_ok(f, "42")), 42);
    assert_str(json_as_string(read_ok(f, "\"x\"")), "x");
    assert_int_equal(json_kind(read_ok(f, "null")), JSON_NULL);
}

static void what_is_not_a_string_array_or_object_reads_as_empty(void **state) {
    struct fixture *f = *state;
    const struct json *text = read_ok(f, "\"7\"");
    assert_int_equal(json_as_integer(text), 0);
    assert_int_equal(json_count(text), 0);
    assert_null(json_at(text, 0));
    assert_null(json_get(text, STR("a")));
    assert_null(json_get(NULL, STR("a")));
    assert_int_equal(json_kind(NULL), JSON_NULL);
    assert_str(json_as_string(NULL), "");
    assert_int_equal(json_as_integer(read_ok(f, "1.0")), 0);
    assert_true(json_as_real(read_ok(f, "3")) > 2.9);
}

static void malformed_text_is_refused(void **state) {
    struct fixture *f = *state;
    static const struct str REFUSED[] = {
        STR_INIT(""),
        STR_INIT(" "),
        STR_INIT("{"),
        STR_INIT("{}x"),
        STR_INIT("{} {}"),
        STR_INIT("[1,]"),
        STR_INIT("{\"a\":1,}"),
        STR_INIT("{a:1}"),
        STR_INIT("{'a':1}"),
        STR_INIT("01"),
        STR_INIT("+1"),
        STR_INIT(".5"),
        STR_INIT("1."),
        STR_INIT("NaN"),
        STR_INIT("Infinity"),
        STR_INIT("True"),
        STR_INIT("\"a"),
        STR_INIT("\"\n\""),
        STR_INIT("\"\\x\""),
        STR_INIT("[1]//x"),
        STR_INIT("/**/1"),
        STR_INIT("{}\0"),
        STR_INIT("\"a\0b\""),
        STR_INIT("\"\\u0000\""),
        STR_INIT("{\"\\u0000\":1}"),
        STR_INIT("\xef\xbb\xbf{}"),
        STR_INIT("[1]]"),
        STR_INIT("]"),
        STR_INIT("\"\\ud800\""),
        STR_INIT("\"\\udc00\\ud800\""),
        STR_INIT("{\"a\" 1}"),
        STR_INIT("{\"a\":}"),
        STR_INIT("[1 2]"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        refused(f, REFUSED[i], INVALID, "json.malformed");
    }
}

static void text_that_is_not_utf8_is_refused(void **state) {
    struct fixture *f = *state;
    refused(f, STR("\"\xff\""), INVALID, "json.malformed");
    refused(f, STR("\"\xc0\xaf\""), INVALID, "json.malformed");
    refused(f, STR("\"\xed\xa0\x80\""), INVALID, "json.malformed");
    refused(f, STR("{\"\xe2\x82\":1}"), INVALID, "json.malformed");
    assert_str(json_as_string(read_ok(f, "\"\\ud83d\\udc4b\"")), "\xf0\x9f\x91\x8b");
}

static void a_member_given_twice_is_refused(void **state) {
    struct fixture *f = *state;
    refused(f, STR("{\"a\":1,\"a\":1}"), INVALID, "json.duplicate");
    refused(f, STR("[{\"x\":{\"a\":1,\"b\":2,\"\\u0061\":3}}]"), INVALID, "json.duplicate");
    assert_int_equal(json_count(read_ok(f, "{\"a\":1,\"A\":1}")), 2);
}

static void numbers_that_cannot_be_kept_are_refused_not_rounded(void **state) {
    struct fixture *f = *state;
    refused(f, STR("9223372036854775808"), INVALID, "json.number");
    refused(f, STR("-9223372036854775809"), INVALID, "json.number");
    refused(f, STR("[99999999999999999999999]"), INVALID, "json.number");
    refused(f, STR("1e400"), INVALID, "json.number");
}

static struct str nested(struct fixture *f, size_t depth, char open, char close) {
    char *text = arena_alloc(f->scope.arena, 2 * depth);
    memset(text, open, depth);
    memset(text + depth, close, depth);
    return (struct str){text, 2 * depth};
}

static void nesting_is_bounded(void **state) {
    struct fixture *f = *state;
    const struct json *json = NULL;
    assert_ok(json_read(&f->scope, nested(f, JSON_MAX_DEPTH, '[', ']'), &json));
    json = NULL;
    refused(f, nested(f, JSON_MAX_DEPTH + 1, '[', ']'), INVALID, "json.depth");
    refused(f, nested(f, 1000000, '[', ']'), INVALID, "json.depth");
    refused(f, nested(f, 1000000, '{', '}'), INVALID, "json.depth");
    /* brackets in strings do not count, and an escaped quote does not end one */
    (void) read_ok(
        f, "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]");
    (void) read_ok(f, "[\"\\\\\",[[]]]");
}

static void size_values_and_members_are_bounded(void **state) {
    struct fixture *f = *state;
    struct str text = {arena_alloc(f->scope.arena, JSON_MAX_BYTES + 1), JSON_MAX_BYTES + 1};
    refused(f, text, TOO_LARGE, "json.size");

    /* behind a string that ends in a backslash, which must not hide what follows */
    static const char START[] = "[\"\\\\\",";
    char *many = arena_alloc(f->scope.arena, 2 * JSON_MAX_VALUES + sizeof START);
    size_t len = sizeof START - 1;
    memcpy(many, START, len);
    for (size_t i = 0; i < JSON_MAX_VALUES; i++) {
        many[len++] = '1';
        many[len++] = ',';
    }
    many[len - 1] = ']';
    refused(f, (struct str){many, len}, TOO_LARGE, "json.size");

    struct json_out out = json_out_begin(f->scope.arena);
    json_out_open_object(&out);
    for (int64_t i = 0; i <= JSON_MAX_MEMBERS; i++) {
        json_out_member_number(&out, str_format(f->scope.arena, "n%d", (int) i).at, i);
    }
    json_out_close_object(&out);
    refused(f, json_out_end(&out), TOO_LARGE, "json.size");
}

static void typed_members_are_checked(void **state) {
    struct fixture *f = *state;
    struct scope *scope = &f->scope;
    const struct json *json = read_ok(f, "{\"s\":\"x\",\"n\":null,\"i\":5,\"b\":true,\"r\":5.0}");
    struct str text = STR("kept");
    assert_ok(json_need_string(scope, json, STR("s"), &text));
    assert_str(text, "x");
    text = STR("kept");
    assert_failed(json_need_string(scope, json, STR("no"), &text), scope, INVALID, "json.missing");
    assert_failed(json_need_string(scope, json, STR("n"), &text), scope, INVALID, "json.missing");
    assert_failed(json_need_string(scope, NULL, STR("n"), &text), scope, INVALID, "json.missing");
    assert_failed(json_need_string(scope, json, STR("i"), &text), scope, INVALID, "json.type");
    assert_ok(json_optional_string(scope, json, STR("no"), &text));
    assert_ok(json_optional_string(scope, json, STR("n"), &text));
    assert_ok(json_optional_string(scope, NULL, STR("n"), &text));
    assert_str(text, "kept");
    assert_failed(json_optional_string(scope, json, STR("b"), &text), scope, INVALID, "json.type");
    assert_failed(json_optional_string(scope, read_ok(f, "[]"), STR("s"), &text), scope, INVALID,
                  "json.type");

    bool flag = false;
    assert_ok(json_optional_boolean(scope, json, STR("b"), &flag));
    assert_true(flag);
    assert_failed(json_optional_boolean(scope, json, STR("s"), &flag), scope, INVALID, "json.type");
    assert_failed(json_optional_boolean(scope, json, STR("i"), &flag), scope, INVALID, "json.type");

    int64_t number = 9;
    assert_ok(json_optional_integer(scope, json, STR("n"), 0, 1, &number));
    assert_int_equal(number, 9);
    assert_failed(json_optional_integer(scope, json, STR("i"), 0, 4, &number), scope, INVALID,
                  "json.range");
    assert_failed(json_optional_integer(scope, json, STR("i"), 6, 9, &number), scope, INVALID,
                  "json.range");
    assert_failed(json_optional_integer(scope, json, STR("r"), 0, 9, &number), scope, INVALID,
                  "json.type");
    assert_int_equal(number, 9);
    assert_ok(json_optional_integer(scope, json, STR("i"), 5, 5, &number));
    assert_int_equal(number, 5);
}

static void an_unknown_member_is_found(void **state) {
    struct fixture *f = *state;
    static const struct str NAMES[] = {STR_INIT("a"), STR_INIT("b")};
    assert_ok(json_only(&f->scope, read_ok(f, "{\"b\":1}"), NAMES, 2));
    assert_ok(json_only(&f->scope, read_ok(f, "{}"), NAMES, 2));
    assert_failed(json_only(&f->scope, read_ok(f, "{\"a\":1,\"c\":1}"), NAMES, 2), &f->scope,
                  INVALID, "json.unknown");
}

static void documents_can_be_changed(void **state) {
    struct fixture *f = *state;
    struct arena *arena = f->scope.arena;
    struct json *json = json_new_object(arena);
    for (int i = 0; i < 6; i++) {
        json_set(arena, json, str_format(arena, "k%d", i), json_new_integer(arena, i));
    }
    json_set(arena, json, STR("k1"), json_new_string(arena, STR("one")));
    json_remove(json, STR("k0"));
    json_remove(json, STR("k5"));
    json_remove(json, STR("absent"));
    struct json *array = json_new_array(arena);
    for (int i = 0; i < 6; i++) {
        json_append(arena, array, json_new_boolean(arena, i == 3));
    }
    json_remove_at(array, 0);
    json_remove_at(array, 4);
    json_append(arena, array, json_new_null(arena));
    json_set(arena, json, STR("a"), array);
    assert_str(json_write(arena, json),
               "{\"k1\":\"one\",\"k2\":2,\"k3\":3,\"k4\":4,\"a\":[false,false,true,false,null]}");
}

static void a_clone_is_independent_of_its_original(void **state) {
    struct fixture *f = *state;
    const struct json *original = read_ok(f, "{\"a\":{\"b\":[1,2.5,\"x\",null,true]}}");
    struct json *copy = json_clone(f->scope.arena, original);
    assert_true(json_equals(copy, original));
    json_set(f->scope.arena, copy, STR("c"), json_new_integer(f->scope.arena, 1));
    assert_false(json_equals(copy, original));
    assert_int_equal(json_count(original), 1);
}

static void equality_ignores_the_order_of_members_only(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *a, *b;
        bool is_equal;
    } CASES[] = {
        {"{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":2}", false},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
        {"[1,2]", "[2,1]", false},
        {"1", "1.0", false},
        {"1.5", "1.5", true},
        {"1.5", "1.25", false},
        {"\"a\"", "\"a\"", true},
        {"\"a\"", "\"A\"", false},
        {"null", "false", false},
        {"[]", "{}", false},
        {"{\"a\":null}", "{}", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(json_equals(read_ok(f, CASES[i].a), read_ok(f, CASES[i].b)),
                         CASES[i].is_equal);
    }
}

static void what_is_written_reads_back_the_same(void **state) {
    struct fixture *f = *state;
    static const char *const TEXTS[] = {
        "{\"a\":[1,-2,3.5,1e+300,0.1,true,false,null,\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001/\"]}",
        "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x91\x8b\"",
        "[[],{},\"\"]",
        "[[1],[2,3],{\"a\":1},{\"b\":2,\"c\":[4]}]",
        "100.0",
        "9223372036854775807",
        "-9223372036854775808",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        assert_str(json_write(f->scope.arena, read_ok(f, TEXTS[i])), TEXTS[i]);
    }
}

static void nothing_malformed_can_be_written(void **state) {
    struct fixture *f = *state;
    struct arena *arena = f->scope.arena;
    struct json_out out = json_out_begin(arena);
    json_out_string(&out, STR("a\xff\xc3\xbc\xe2\x82z\0\x1f"));
    assert_str(json_out_end(&out),
               "\"a\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\xef\xbf\xbdz\\u0000\\u001f\"");
    assert_str(json_write(arena, json_new_real(arena, (double) NAN)), "null");
    assert_str(json_write(arena, json_new_real(arena, (double) INFINITY)), "null");
    assert_str(json_write(arena, NULL), "null");
}

static void the_writer_places_commas_and_times(void **state) {
    struct fixture *f = *state;
    struct json_out out = json_out_begin(f->scope.arena);
    json_out_open_object(&out);
    json_out_member(&out, "id", STR("a\"b"));
    json_out_member_or_null(&out, "mail", STR(""));
    json_out_member_or_null(&out, "name", STR("n"));
    json_out_member_number(&out, "count", -3);
    json_out_member_boolean(&out, "active", false);
    json_out_member_time(&out, "at", INT64_C(1767323045678999));
    json_out_member_time(&out, "ended", 0);
    json_out_name(&out, "list");
    json_out_open_array(&out);
    json_out_number(&out, 1);
    json_out_open_object(&out);
    json_out_close_object(&out);
    json_out_value(&out, read_ok(f, "[true,{\"x\":1}]"));
    json_out_null(&out);
    json_out_boolean(&out, true);
    json_out_close_array(&out);
    json_out_member(&out, "last", STR(""));
    json_out_close_object(&out);
    assert_str(json_out_end(&out),
               "{\"id\":\"a\\\"b\",\"mail\":null,\"name\":\"n\",\"count\":-3,\"active\":false,"
               "\"at\":\"2026-01-02T03:04:05.678Z\",\"ended\":null,"
               "\"list\":[1,{},[true,{\"x\":1}],null,true],\"last\":\"\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(every_kind_is_read_exactly),
        SENTENCE(any_value_may_stand_at_the_top),
        SENTENCE(what_is_not_a_string_array_or_object_reads_as_empty),
        SENTENCE(malformed_text_is_refused),
        SENTENCE(text_that_is_not_utf8_is_refused),
        SENTENCE(a_member_given_twice_is_refused),
        SENTENCE(numbers_that_cannot_be_kept_are_refused_not_rounded),
        SENTENCE(nesting_is_bounded),
        SENTENCE(size_values_and_members_are_bounded),
        SENTENCE(typed_members_are_checked),
        SENTENCE(an_unknown_member_is_found),
        SENTENCE(documents_can_be_changed),
        SENTENCE(a_clone_is_independent_of_its_original),
        SENTENCE(equality_ignores_the_order_of_members_only),
        SENTENCE(what_is_written_reads_back_the_same),
        SENTENCE(nothing_malformed_can_be_written),
        SENTENCE(the_writer_places_commas_and_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
