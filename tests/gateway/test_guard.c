#include "gateway/http/guard.h"

#include "base/arena.h"
#include "tests/support/fixture.h"

static struct http_request request_with(const struct http_header *headers, size_t count) {
    struct http_request request = {.method = HTTP_POST, .header_count = count};
    for (size_t i = 0; i < count; i++) {
        request.headers[i] = headers[i];
    }
    return request;
}

static void an_ordinary_request_passes(void **state) {
    struct fixture *f = *state;
    const struct http_header headers[] = {
        {STR("Host"), STR("chat.example.com")},
        {STR("Content-Length"), STR("12")},
        {STR("Content-Type"), STR("application/json; charset=utf-8")},
    };
    const struct http_request good = request_with(headers, 3);
    assert_ok(http_guard(&f->scope, &good));
    const struct http_header chunked[] = {
        {STR("Host"), STR("chat.example.com")},
        {STR("Transfer-Encoding"), STR("Chunked")},
    };
    const struct http_request streamed = request_with(chunked, 2);
    assert_ok(http_guard(&f->scope, &streamed));
}

static const struct {
    const char *name;
    struct http_header headers[2];
    size_t count;
    const char *reason;
} REFUSED[] = {
    {"length and encoding",
     {{STR_INIT("Content-Length"), STR_INIT("4")},
      {STR_INIT("Transfer-Encoding"), STR_INIT("chunked")}},
     2,
     "http.framing"},
    {"two lengths",
     {{STR_INIT("Content-Length"), STR_INIT("4")}, {STR_INIT("content-length"), STR_INIT("4")}},
     2,
     "http.duplicate_header"},
    {"two hosts",
     {{STR_INIT("Host"), STR_INIT("a")}, {STR_INIT("Host"), STR_INIT("b")}},
     2,
     "http.duplicate_header"},
    {"two callers",
     {{STR_INIT("Authorization"), STR_INIT("Bearer a")},
      {STR_INIT("Authorization"), STR_INIT("Bearer b")}},
     2,
     "http.duplicate_header"},
    {"two cookie headers",
     {{STR_INIT("Cookie"), STR_INIT("a=1")}, {STR_INIT("Cookie"), STR_INIT("a=2")}},
     2,
     "http.duplicate_header"},
    {"another encoding",
     {{STR_INIT("Transfer-Encoding"), STR_INIT("gzip, chunked")}},
     1,
     "http.framing"},
    {"a signed length", {{STR_INIT("Content-Length"), STR_INIT("+4")}}, 1, "http.framing"},
    {"a length list", {{STR_INIT("Content-Length"), STR_INIT("4, 4")}}, 1, "http.framing"},
    {"a folded line glued to the length",
     {{STR_INIT("Content-Lengthzz"), STR_INIT("4")}},
     1,
     "http.header_name"},
    {"a folded line glued to the host",
     {{STR_INIT("Hostx"), STR_INIT("a")}},
     1,
     "http.header_name"},
    {"a blank in a name", {{STR_INIT("X Y"), STR_INIT("a")}}, 1, "http.header_name"},
    {"an empty name", {{STR_INIT(""), STR_INIT("a")}}, 1, "http.header_name"},
    {"a control byte", {{STR_INIT("X"), STR_INIT("a\x01")}}, 1, "http.header_value"},
    {"a bare carriage return", {{STR_INIT("X"), STR_INIT("a\rb")}}, 1, "http.header_value"},
    {"a delete byte", {{STR_INIT("X"), STR_INIT("a\x7f")}}, 1, "http.header_value"},
};

static void what_two_parsers_could_read_differently_is_refused(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        const struct http_request request = request_with(REFUSED[i].headers, REFUSED[i].count);
        print_message("%s\n", REFUSED[i].name);
        assert_failed(http_guard(&f->scope, &request), &f->scope, INVALID, REFUSED[i].reason);
    }
}

static struct http_request upgrade_request(void) {
    const struct http_header headers[] = {
        {STR("Connection"), STR("keep-alive, Upgrade")},
        {STR("Upgrade"), STR("websocket")},
        {STR("Sec-WebSocket-Version"), STR("13")},
        {STR("Sec-WebSocket-Protocol"), STR("gatehouse.v1")},
        {STR("Sec-WebSocket-Key"), STR("dGhlIHNhbXBsZSBub25jZQ==")},
        {STR("Origin"), STR("https://chat.example.com")},
        {STR("Cookie"), STR("__Host-gatehouse=x")},
    };
    struct http_request request = request_with(headers, 7);
    request.method = HTTP_GET;
    return request;
}

static void an_upgrade_from_our_own_page_gets_the_accept_value_of_rfc_6455(void **state) {
    struct fixture *f = *state;
    const struct http_request request = upgrade_request();
    struct str accept;
    assert_ok(http_upgrade_check(&f->scope, &request, STR("https://chat.example.com"), &accept));
    assert_str(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void an_upgrade_from_another_page_is_refused_when_it_brings_a_cookie(void **state) {
    struct fixture *f = *state;
    struct http_request request = upgrade_request();
    struct str accept;
    request.headers[5].value = STR("https://evil.example.com");
    assert_failed(http_upgrade_check(&f->scope, &request, STR("https://chat.example.com"), &accept),
                  &f->scope, FORBIDDEN, "live.origin");
    request.header_count = 6; /* a machine with a token has no cookie and no origin to check */
    assert_ok(http_upgrade_check(&f->scope, &request, STR("https://chat.example.com"), &accept));
}

static void an_upgrade_that_misses_a_part_is_refused(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < 4; i++) {
        struct http_request request = upgrade_request();
        request.headers[i].value = STR("other");
        struct str accept;
        assert_failed(
            http_upgrade_check(&f->scope, &request, STR("https://chat.example.com"), &accept),
            &f->scope, INVALID, "live.upgrade");
    }
    struct http_request request = upgrade_request();
    request.headers[4].value = STR("short");
    struct str accept;
    assert_failed(http_upgrade_check(&f->scope, &request, STR("https://chat.example.com"), &accept),
                  &f->scope, INVALID, "ws.key");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(an_ordinary_request_passes),
        SENTENCE(what_two_parsers_could_read_differently_is_refused),
        SENTENCE(an_upgrade_from_our_own_page_gets_the_accept_value_of_rfc_6455),
        SENTENCE(an_upgrade_from_another_page_is_refused_when_it_brings_a_cookie),
        SENTENCE(an_upgrade_that_misses_a_part_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
