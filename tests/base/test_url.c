#include "base/url.h"

#include <string.h>

#include "tests/support/fixture.h"

static void a_full_url_is_taken_apart(void **state) {
    struct fixture *f = *state;
    struct url url;
    assert_ok(url_parse(&f->scope, STR("HTTPS://IdP.Example:8443/a/b%20c?x=1&y=?#frag"), &url));
    assert_str(url.scheme, "https");
    assert_str(url.host, "idp.example");
    assert_int_equal(url.port, 8443);
    assert_true(url.has_port);
    assert_str(url.path, "/a/b%20c");
    assert_str(url.query, "x=1&y=?");
    assert_str(url.fragment, "frag");
}

static void what_is_absent_is_empty_and_ports_have_defaults(void **state) {
    struct fixture *f = *state;
    struct url url;
    assert_ok(url_parse(&f->scope, STR("http://h"), &url));
    assert_str(url.path, "");
    assert_str(url.query, "");
    assert_int_equal(url.port, 80);
    assert_false(url.has_port);
    assert_ok(url_parse(&f->scope, STR("postgresql://db_1?sslmode=require"), &url));
    assert_str(url.host, "db_1");
    assert_int_equal(url.port, 5432);
    assert_str(url.query, "sslmode=require");
    assert_ok(url_parse(&f->scope, STR("unknown+x://h/"), &url));
    assert_int_equal(url.port, 0);
    assert_ok(url_parse(&f->scope, STR("https://[2001:DB8::1]:444/x"), &url));
    assert_str(url.host, "2001:db8::1");
    assert_int_equal(url.port, 444);
    assert_ok(url_parse(&f->scope, STR("https://127.0.0.1/"), &url));
    assert_str(url.host, "127.0.0.1");
}

static void malformed_urls_are_refused(void **state) {
    struct fixture *f = *state;
    static const struct str REFUSED[] = {
        STR_INIT(""),
        STR_INIT("h"),
        STR_INIT("//h/"),
        STR_INIT("://h/"),
        STR_INIT("https:/h"),
        STR_INIT("javascript:alert(1)"),
        STR_INIT("1https://h"),
        STR_INIT("ht tp://h"),
        STR_INIT("https://"),
        STR_INIT("https:///path"),
        STR_INIT("https://?q"),
        STR_INIT("https://user@h/"),
        STR_INIT("https://user:pw@h/"),
        STR_INIT("https://@h/"),
        STR_INIT("https://a@b@h/"),
        STR_INIT("https://h:"),
        STR_INIT("https://h:0"),
        STR_INIT("https://h:65536"),
        STR_INIT("https://h:+1"),
        STR_INIT("https://h:80:80"),
        STR_INIT("https://h\\x"),
        STR_INIT("https://h/a b"),
        STR_INIT("https://h/\n"),
        STR_INIT("https://h/\0"),
        STR_INIT("https://h/\xc3\xbc"),
        STR_INIT("https://h/%"),
        STR_INIT("https://h/%4"),
        STR_INIT("https://h/%zz"),
        STR_INIT("https://h%2e.example/"),
        STR_INIT("https://-h.example/"),
        STR_INIT("https://h-.example/"),
        STR_INIT("https://a..b/"),
        STR_INIT("https://.a/"),
        STR_INIT("https://a./"),
        STR_INIT("https://a*b/"),
        STR_INIT("https://127.1/"),
        STR_INIT("https://2130706433/"),
        STR_INIT("https://0x7f000001/"),
        STR_INIT("https://0x7f.1/"),
        STR_INIT("https://0177.0.0.1/"),
        STR_INIT("https://256.0.0.1/"),
        STR_INIT("https://1.2.3.4.5/"),
        STR_INIT("https://[::1/"),
        STR_INIT("https://[::g]/"),
        STR_INIT("https://[]/"),
        STR_INIT("https://[fe80::1%25eth0]/"),
        STR_INIT("https://[::1]x/"),
        STR_INIT("https://::1/"),
        STR_INIT("https://[127.0.0.1]/"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct url url;
        const result r = url_parse(&f->scope, REFUSED[i], &url);
        if (is_ok(r)) {
            fail_msg("accepted: %.*s", STR_ARG(REFUSED[i]));
        }
        assert_failed(r, &f->scope, INVALID, "url.malformed");
    }
}

static void lengths_are_bounded(void **state) {
    struct fixture *f = *state;
    struct url url;
    char *text = arena_alloc(f->scope.arena, URL_MAX_BYTES + 2);
    memset(text, 'a', URL_MAX_BYTES + 1);
    memcpy(text, "https://h/", 10);
    assert_ok(url_parse(&f->scope, (struct str){text, URL_MAX_BYTES}, &url));
    assert_failed(url_parse(&f->scope, (struct str){text, URL_MAX_BYTES + 1}, &url), &f->scope,
                  INVALID, "url.malformed");
    memset(text + 8, 'a', 64);
    assert_ok(url_parse(&f->scope, (struct str){text, 8 + 63}, &url));
    assert_failed(url_parse(&f->scope, (struct str){text, 8 + 64}, &url), &f->scope, INVALID,
                  "url.malformed");
}

static void user_info_is_given_apart_where_it_may_stand(void **state) {
    struct fixture *f = *state;
    struct url url;
    struct str user;
    assert_ok(url_parse_with_user(&f->scope, STR("smtp://u:p%40@mail:587"), &url, &user));
    assert_str(user, "u:p%40");
    assert_str(url.host, "mail");
    assert_int_equal(url.port, 587);
    assert_ok(url_parse_with_user(&f->scope, STR("smtp://mail/@x"), &url, &user));
    assert_str(user, "");
    assert_failed(url_parse_with_user(&f->scope, STR("smtp://a@b@mail"), &url, &user), &f->scope,
                  INVALID, "url.malformed");
}

static void a_web_url_is_https_without_fragment(void **state) {
    struct fixture *f = *state;
    struct url url;
    assert_ok(url_parse_web(&f->scope, STR("https://h/"), false, &url));
    assert_ok(url_parse_web(&f->scope, STR("http://h/"), true, &url));
    assert_failed(url_parse_web(&f->scope, STR("http://h/"), false, &url), &f->scope, INVALID,
                  "url.scheme");
    assert_failed(url_parse_web(&f->scope, STR("ftp://h/"), true, &url), &f->scope, INVALID,
                  "url.scheme");
    assert_failed(url_parse_web(&f->scope, STR("https://h/#"), true, &url), &f->scope, INVALID,
                  "url.fragment");
    assert_failed(url_parse_web(&f->scope, STR("https://u@h/"), true, &url), &f->scope, INVALID,
                  "url.malformed");
}

static void a_return_path_stays_on_our_site(void **state) {
    struct fixture *f = *state;
    assert_ok(url_check_return_path(&f->scope, STR("/")));
    assert_ok(url_check_return_path(&f->scope, STR("/console?x=//y#z")));
    static const struct str REFUSED[] = {
        STR_INIT(""),        STR_INIT("x"),     STR_INIT("//evil"),    STR_INIT("/\\evil"),
        STR_INIT("\\/evil"), STR_INIT("/\t/e"), STR_INIT("/a\nb"),     STR_INIT("https://evil/"),
        STR_INIT(" /"),      STR_INIT("/a\\b"), STR_INIT("/\xc3\xbc"), STR_INIT("/a\0"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        assert_failed(url_check_return_path(&f->scope, REFUSED[i]), &f->scope, INVALID,
                      "url.return_path");
    }
    char *text = arena_alloc(f->scope.arena, 1025);
    memset(text, 'a', 1025);
    text[0] = '/';
    assert_ok(url_check_return_path(&f->scope, (struct str){text, 1024}));
    assert_failed(url_check_return_path(&f->scope, (struct str){text, 1025}), &f->scope, INVALID,
                  "url.return_path");
}

static void request_paths_are_decoded_once(void **state) {
    struct fixture *f = *state;
    static const char *const CASES[][2] = {
        {"/", "/"},
        {"/a/", "/a/"},
        {"/a%20b/%C3%BC", "/a b/\xc3\xbc"},
        {"/100%2525", "/100%25"},
        {"/a+b", "/a+b"},
        {"/...", "/..."},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct str path;
        assert_ok(url_decode_path(&f->scope, str_from_c(CASES[i][0]), &path));
        assert_str(path, CASES[i][1]);
    }
    static const struct str REFUSED[] = {
        STR_INIT(""),       STR_INIT("a"),     STR_INIT("//"),        STR_INIT("/a//b"),
        STR_INIT("/./a"),   STR_INIT("/a/.."), STR_INIT("/%2e%2e/a"), STR_INIT("/a%2Fb"),
        STR_INIT("/a%2fb"), STR_INIT("/%00"),  STR_INIT("/%0a"),      STR_INIT("/%7f"),
        STR_INIT("/%ff"),   STR_INIT("/\xff"), STR_INIT("/%"),        STR_INIT("/%g0"),
        STR_INIT("/a%5cb"), STR_INIT("/a\\b"), STR_INIT("/a\0"),      STR_INIT("/%c0%af"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct str path;
        assert_failed(url_decode_path(&f->scope, REFUSED[i], &path), &f->scope, INVALID,
                      "url.path");
    }
}

static void text_is_encoded_for_a_url_and_back(void **state) {
    struct fixture *f = *state;
    const struct str encoded = url_encode(f->scope.arena, STR("a-._~/ +%\xc3\xbc&\0"));
    assert_str(encoded, "a-._~%2F%20%2B%25%C3%BC%26%00");
    struct str text;
    assert_ok(url_decode(&f->scope, STR("a+%2b%C3%bc"), &text));
    assert_str(text, "a++\xc3\xbc");
    static const char *const REFUSED[] = {"%", "%1", "%1g", "%-1", "%00", "%ff", "a%"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        assert_failed(url_decode(&f->scope, str_from_c(REFUSED[i]), &text), &f->scope, INVALID,
                      "url.malformed");
    }
}

static void the_domain_of_an_address_is_found(void **state) {
    struct fixture *f = *state;
    struct str domain;
    assert_ok(email_domain(&f->scope, STR("Ann.B+c@Example.ORG"), &domain));
    assert_str(domain, "example.org");
    static const struct str REFUSED[] = {
        STR_INIT(""),         STR_INIT("a"),
        STR_INIT("@b.c"),     STR_INIT("a@"),
        STR_INIT("a@b@c.d"),  STR_INIT("\"a@b\"@c.d"),
        STR_INIT("a b@c.d"),  STR_INIT("a@b c.d"),
        STR_INIT("a@b_c.d"),  STR_INIT("a@b..c"),
        STR_INIT("a@.b"),     STR_INIT("a@b."),
        STR_INIT("a@[::1]"),  STR_INIT("a@1.2.3.4"),
        STR_INIT("a@b.c>"),   STR_INIT("a@b\n.c"),
        STR_INIT("a\0@b.c"),  STR_INIT("a\n@b.c"),
        STR_INIT("\xff@b.c"), STR_INIT("a@b\xc3\xbc.c"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        assert_failed(email_domain(&f->scope, REFUSED[i], &domain), &f->scope, INVALID,
                      "email.malformed");
    }
    char *text = arena_alloc(f->scope.arena, 255);
    memset(text, 'a', 255);
    memcpy(text + 250, "@b.cd", 5);
    assert_failed(email_domain(&f->scope, (struct str){text, 255}, &domain), &f->scope, INVALID,
                  "email.malformed");
    assert_ok(email_domain(&f->scope, (struct str){text + 1, 254}, &domain));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_full_url_is_taken_apart),
        SENTENCE(what_is_absent_is_empty_and_ports_have_defaults),
        SENTENCE(malformed_urls_are_refused),
        SENTENCE(lengths_are_bounded),
        SENTENCE(user_info_is_given_apart_where_it_may_stand),
        SENTENCE(a_web_url_is_https_without_fragment),
        SENTENCE(a_return_path_stays_on_our_site),
        SENTENCE(request_paths_are_decoded_once),
        SENTENCE(text_is_encoded_for_a_url_and_back),
        SENTENCE(the_domain_of_an_address_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
