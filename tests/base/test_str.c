#include "tests/support/fixture.h"

static void slices_compare_and_split(void **state) {
    (void) state;
    struct str head;
    const struct str rest = str_split(STR("a=b=c"), '=', &head);
    assert_str(head, "a");
    assert_str(rest, "b=c");
    assert_str(str_split(STR("abc"), '=', &head), "");
    assert_str(head, "abc");
    assert_true(str_eq_ascii_nocase(STR("Content-Type"), STR("content-type")));
    assert_false(str_eq_ascii_nocase(STR("a["), STR("A{")));
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
    assert_true(str_has_prefix(STR("/scim/v2"), STR("/scim")));
    assert_false(str_has_suffix(STR("v2"), STR("/v2")));
    assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
    assert_str(str_trim_blanks(STR(" \tx y\t ")), "x y");
}

static void numbers_are_digits_only_and_in_range(void **state) {
    struct fixture *f = *state;
    uint64_t number = 7;
    assert_ok(parse_u64(&f->scope, STR("18446744073709551615"), UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
    static const char *const REFUSED[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "1e3"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        assert_failed(parse_u64(&f->scope, str_from_c(REFUSED[i]), UINT64_MAX, &number), &f->scope,
                      INVALID, "text.number");
    }
    int64_t signed_number = 0;
    assert_ok(parse_i64(&f->scope, STR("-42"), -42, 0, &signed_number));
    assert_int_equal(signed_number, -42);
    assert_failed(parse_i64(&f->scope, STR("-43"), -42, 0, &signed_number), &f->scope, INVALID,
                  "text.number");
}

static void utf8_is_checked_as_rfc_3629_says(void **state) {
    (void) state;
    assert_true(str_is_utf8(STR("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x91\x8b")));
    assert_false(str_is_utf8(STR("\xc0\xaf")));         /* overlong */
    assert_false(str_is_utf8(STR("\xed\xa0\x80")));     /* surrogate */
    assert_false(str_is_utf8(STR("\xf4\x90\x80\x80"))); /* beyond U+10FFFF */
    assert_false(str_is_utf8(STR("\xe2\x82")));         /* cut off */
    assert_false(str_is_utf8(STR("\x80")));
}

static void a_beginning_cuts_no_character_in_two(void **state) {
    (void) state;
    assert_str(str_first_text(STR("abc"), 3), "abc");
    assert_str(str_first_text(STR("abc"), 2), "ab");
    assert_str(str_first_text(STR("a\xc3\xa9"), 3), "a\xc3\xa9");
    assert_str(str_first_text(STR("a\xc3\xa9"), 2), "a");
    assert_str(str_first_text(STR("\xf0\x9f\x98\x80z"), 4), "\xf0\x9f\x98\x80");
    assert_str(str_first_text(STR("\xf0\x9f\x98\x80"), 3), "");
    assert_str(str_first_text(STR(""), 3), "");
}

static void a_nul_inside_never_reaches_a_library(void **state) {
    struct fixture *f = *state;
    const char *text = NULL;
    assert_failed(str_to_c(&f->scope, STR("a\0b"), &text), &f->scope, INVALID, "text.nul");
    assert_ok(str_to_c(&f->scope, STR("ab"), &text));
    assert_string_equal(text, "ab");
}

static void a_builder_stops_at_its_limit(void **state) {
    struct fixture *f = *state;
    struct strbuf buf = strbuf_begin(f->scope.arena, 8);
    strbuf_add(&buf, STR("12345"));
    strbuf_add_number(&buf, -67);
    struct str text;
    assert_ok(strbuf_finish(&f->scope, &buf, &text));
    assert_str(text, "12345-67");
    strbuf_add_byte(&buf, '9');
    assert_failed(strbuf_finish(&f->scope, &buf, &text), &f->scope, TOO_LARGE, "text.limit");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(slices_compare_and_split),
        SENTENCE(numbers_are_digits_only_and_in_range),
        SENTENCE(utf8_is_checked_as_rfc_3629_says),
        SENTENCE(a_beginning_cuts_no_character_in_two),
        SENTENCE(a_nul_inside_never_reaches_a_library),
        SENTENCE(a_builder_stops_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
