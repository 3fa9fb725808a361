#include "base/cookie.h"

#include <string.h>

#include "tests/support/fixture.h"

static void a_cookie_is_found_among_others(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *header, *value;
    } CASES[] = {
        {"sid=abc", "abc"},
        {"a=1; sid=a=b; c=3", "a=b"},
        {"a=1;sid=x", "x"},
        {" sid = x ", "x"},
        {"", ""},
        {"a=1", ""},
        {"SID=x", ""},
        {"sid", ""},
        {"sid=", ""},
        {"xsid=1; sid.=2", ""},
        {"broken; =x; ;;; \"; sid=ok", "ok"},
        {"sid=with blank", ""},
        {"sid=\"quoted\"", ""},
        {"sid=a,b", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct str value = STR("untouched");
        assert_ok(cookie_get(&f->scope, str_from_c(CASES[i].header), STR("sid"), &value));
        assert_str(value, CASES[i].value);
    }
}

static void a_cookie_sent_twice_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {"sid=a; sid=a", "sid=a; b=1; sid=", "sid=\"x\"; sid=a",
                                          "sid=a;sid=b;sid=c"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct str value = STR("kept");
        assert_failed(cookie_get(&f->scope, str_from_c(REFUSED[i]), STR("sid"), &value), &f->scope,
                      INVALID, "cookie.duplicate");
        assert_str(value, "kept");
    }
}

static void the_header_is_bounded(void **state) {
    struct fixture *f = *state;
    struct str value;
    char *text = arena_alloc(f->scope.arena, 8193);
    memset(text, 'a', 8193);
    assert_ok(cookie_get(&f->scope, (struct str){text, 8192}, STR("sid"), &value));
    assert_failed(cookie_get(&f->scope, (struct str){text, 8193}, STR("sid"), &value), &f->scope,
                  TOO_LARGE, "cookie.size");
}

static struct cookie good_cookie(void) {
    return (struct cookie){.name = STR("__Host-sid"),
                           .value = STR("abc-_"),
                           .path = STR("/"),
                           .max_age_s = -1,
                           .is_secure = true,
                           .is_http_only = true,
                           .same_site = "Lax"};
}

static void a_cookie_is_written_with_its_attributes(void **state) {
    struct fixture *f = *state;
    struct str text;
    struct cookie cookie = good_cookie();
    assert_ok(cookie_format(&f->scope, &cookie, &text));
    assert_str(text, "__Host-sid=abc-_; Path=/; Secure; HttpOnly; SameSite=Lax");
    cookie = (struct cookie){.name = STR("t"),
                             .value = STR(""),
                             .path = STR("/saml"),
                             .max_age_s = 0,
                             .same_site = "Strict"};
    assert_ok(cookie_format(&f->scope, &cookie, &text));
    assert_str(text, "t=; Path=/saml; Max-Age=0; SameSite=Strict");
}

static void set_name_blank(struct cookie *cookie) {
    cookie->name = STR("a b");
}
static void set_name_empty(struct cookie *cookie) {
    cookie->name = STR("");
}
static void set_name_equals(struct cookie *cookie) {
    cookie->name = STR("a=b");
}
static void set_value_semicolon(struct cookie *cookie) {
    cookie->value = STR("a; Domain=evil");
}
static void set_value_line_end(struct cookie *cookie) {
    cookie->value = STR("a\r\nX: y");
}
static void set_value_nul(struct cookie *cookie) {
    cookie->value = STR("a\0");
}
static void set_path_relative(struct cookie *cookie) {
    cookie->path = STR("x");
}
static void set_path_semicolon(struct cookie *cookie) {
    cookie->name = STR("sid");
    cookie->path = STR("/;x");
}
static void set_host_with_path(struct cookie *cookie) {
    cookie->path = STR("/x");
}
static void set_host_insecure(struct cookie *cookie) {
    cookie->is_secure = false;
}
static void set_secure_prefix_insecure(struct cookie *cookie) {
    cookie->name = STR("__Secure-x");
    cookie->is_secure = false;
}
static void set_none_insecure(struct cookie *cookie) {
    cookie->name = STR("x");
    cookie->same_site = "None";
    cookie->is_secure = false;
}
static void set_unknown_same_site(struct cookie *cookie) {
    cookie->same_site = "lax";
}

static void a_cookie_that_would_not_arrive_as_meant_is_refused(void **state) {
    struct fixture *f = *state;
    static void (*const CHANGES[])(struct cookie *) = {
        set_name_blank,
        set_name_empty,
        set_name_equals,
        set_value_semicolon,
        set_value_line_end,
        set_value_nul,
        set_path_relative,
        set_path_semicolon,
        set_host_with_path,
        set_host_insecure,
        set_secure_prefix_insecure,
        set_none_insecure,
        set_unknown_same_site,
    };
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        struct cookie cookie = good_cookie();
        struct str text;
        CHANGES[i](&cookie);
        assert_failed(cookie_format(&f->scope, &cookie, &text), &f->scope, INVALID, "cookie.value");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_cookie_is_found_among_others),
        SENTENCE(a_cookie_sent_twice_is_refused),
        SENTENCE(the_header_is_bounded),
        SENTENCE(a_cookie_is_written_with_its_attributes),
        SENTENCE(a_cookie_that_would_not_arrive_as_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
