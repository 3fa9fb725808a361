#include "base/form.h"

#include <string.h>

#include "tests/support/fixture.h"

static void fields_are_decoded_in_order(void **state) {
    struct fixture *f = *state;
    struct form form;
    assert_ok(form_parse(&f->scope, STR("&a=1&&b+c=%C3%BC+%2B&d&e==%0d%0a&"), &form));
    assert_int_equal(form.count, 4);
    assert_str(form.fields[0].name, "a");
    assert_str(form.fields[1].name, "b c");
    assert_str(form.fields[1].value, "\xc3\xbc +");
    assert_str(form.fields[2].name, "d");
    assert_str(form.fields[2].value, "");
    assert_str(form.fields[3].value, "=\r\n");
    assert_ok(form_parse(&f->scope, STR(""), &form));
    assert_int_equal(form.count, 0);
}

static void malformed_forms_are_refused(void **state) {
    struct fixture *f = *state;
    static const struct str REFUSED[] = {
        STR_INIT("a=%"),    STR_INIT("a=%4"),  STR_INIT("a=%4g"),  STR_INIT("%=1"),
        STR_INIT("a=%00"),  STR_INIT("a=\0"),  STR_INIT("a%00=1"), STR_INIT("a=%ff"),
        STR_INIT("a=\xff"), STR_INIT("=1"),    STR_INIT("="),      STR_INIT("a=%ed%a0%80"),
        STR_INIT("a=1&=2"), STR_INIT("a=%+1"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct form form;
        assert_failed(form_parse(&f->scope, REFUSED[i], &form), &f->scope, INVALID,
                      "form.malformed");
    }
}

static void fields_and_bytes_are_bounded(void **state) {
    struct fixture *f = *state;
    struct form form;
    char *text = arena_alloc(f->scope.arena, FORM_MAX_BYTES + 1);
    memset(text, 'a', FORM_MAX_BYTES + 1);
    assert_ok(form_parse(&f->scope, (struct str){text, FORM_MAX_BYTES}, &form));
    assert_failed(form_parse(&f->scope, (struct str){text, FORM_MAX_BYTES + 1}, &form), &f->scope,
                  TOO_LARGE, "form.size");
    for (size_t i = 1; i < 2 * FORM_MAX_FIELDS; i += 2) {
        text[i] = '&';
    }
    assert_ok(form_parse(&f->scope, (struct str){text, 2 * FORM_MAX_FIELDS}, &form));
    assert_int_equal(form.count, FORM_MAX_FIELDS);
    assert_failed(form_parse(&f->scope, (struct str){text, 2 * FORM_MAX_FIELDS + 1}, &form),
                  &f->scope, TOO_LARGE, "form.size");
}

static void a_field_given_twice_is_refused_when_asked_for(void **state) {
    struct fixture *f = *state;
    struct form form;
    assert_ok(form_parse(&f->scope, STR("state=1&code=x&state=1&empty="), &form));
    struct str value = STR("kept");
    bool is_present = false;
    assert_failed(form_get(&f->scope, &form, STR("state"), &value, &is_present), &f->scope, INVALID,
                  "form.duplicate");
    assert_str(value, "kept");
    assert_ok(form_get(&f->scope, &form, STR("code"), &value, NULL));
    assert_str(value, "x");
    assert_ok(form_get(&f->scope, &form, STR("empty"), &value, &is_present));
    assert_true(is_present);
    assert_ok(form_get(&f->scope, &form, STR("Code"), &value, &is_present));
    assert_false(is_present);
    assert_str(value, "");
}

static void what_is_written_parses_to_the_same_fields(void **state) {
    struct fixture *f = *state;
    static const struct form_field FIELDS[] = {
        {STR_INIT("a&b"), STR_INIT("=+ %\r\n")},
        {STR_INIT("\xc3\xbc"), STR_INIT("")},
    };
    const struct str text = form_write(f->scope.arena, FIELDS, 2);
    assert_str(text, "a%26b=%3D%2B%20%25%0D%0A&%C3%BC=");
    struct form form;
    assert_ok(form_parse(&f->scope, text, &form));
    assert_int_equal(form.count, 2);
    assert_str(form.fields[0].name, "a&b");
    assert_str(form.fields[0].value, "=+ %\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(fields_are_decoded_in_order),
        SENTENCE(malformed_forms_are_refused),
        SENTENCE(fields_and_bytes_are_bounded),
        SENTENCE(a_field_given_twice_is_refused_when_asked_for),
        SENTENCE(what_is_written_parses_to_the_same_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
