#include "base/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/support/fixture.h"
#include "tests/support/peer.h"

static struct peer SERVER;

static int start_server(void **state) {
    (void) state;
    static const char *const ARGV[] = {"/usr/bin/python3", "-Wignore", PEERS "/https_server.py",
                                       NULL};
    if (!peer_start(&SERVER, ARGV)) {
        (void) fprintf(stderr, "https_server.py does not start: apt-get install python3 openssl\n");
    }
    return 0;
}

static int stop_server(void **state) {
    (void) state;
    peer_stop(&SERVER);
    return 0;
}

/* The server, a client that may reach all of loopback unless told otherwise, and the CA. */
struct world {
    struct fixture *f;
    struct address_rule rule;
    struct address_rules rules;
    struct http_client *client;
    struct str ca;
};

static struct str read_file(struct fixture *f, const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = arena_alloc(f->scope.arena, 8192);
    const size_t len = fread(text, 1, 8191, file);
    (void) fclose(file);
    return (struct str){text, len};
}

static void open_world(struct world *w, struct fixture *f, const char *rule) {
    if (SERVER.pid == 0) {
        peer_missing("https_server.py does not start: apt-get install python3 openssl");
    }
    *w = (struct world){.f = f};
    if (rule != NULL) {
        assert_ok(address_rule_parse(&f->scope, str_from_c(rule), &w->rule));
        w->rules = (struct address_rules){&w->rule, 1};
    }
    w->client = curl_client_new(&w->rules);
    w->ca = read_file(f, peer_value(&SERVER, "CA"));
}

static void close_world(struct world *w) {
    curl_client_free(&w->client);
}

static struct str url_at(struct world *w, const char *host, const char *port, const char *path) {
    return str_format(w->f->scope.arena, "https://%s:%s%s", host, peer_value(&SERVER, port), path);
}

static struct http_call get_path(struct world *w, const char *path) {
    return (struct http_call){
        .method = "GET", .url = url_at(w, "127.0.0.1", "PORT", path), .ca_pem = w->ca};
}

static result send_call(struct world *w, const struct http_call *call, struct http_reply *ret) {
    return w->client->send(w->client, &w->f->scope, call, ret);
}

#define assert_refused(w, call, code, why)                                                         \
    do {                                                                                           \
        struct http_reply reply_ = {.status = -1};                                                 \
        assert_failed(send_call(&(w), &(call), &reply_), &(w).f->scope, code, why);                \
        assert_int_equal(reply_.status, -1);                                                       \
    } while (0)

static void a_reply_carries_status_type_and_body(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    const struct http_call call = get_path(&w, "/hello");
    struct http_reply reply;
    assert_ok(send_call(&w, &call, &reply));
    assert_int_equal(reply.status, 200);
    assert_str(reply.content_type, "application/json");
    assert_str(reply.body, "{\"hello\":1}");
}

static void an_etag_is_given_and_sent_back(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/etag");
    struct http_reply reply;
    assert_ok(send_call(&w, &call, &reply));
    assert_str(reply.etag, "\"v1\"");
    const struct http_header known = {STR("If-None-Match"), reply.etag};
    call.headers = &known;
    call.header_count = 1;
    assert_ok(send_call(&w, &call, &reply));
    assert_int_equal(reply.status, 304);
    assert_str(reply.body, "");
    call = get_path(&w, "/hello");
    assert_ok(send_call(&w, &call, &reply));
    assert_str(reply.etag, "");
}

static void method_headers_and_body_arrive(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    const struct http_header header = {STR("X-Probe"), STR("a b")};
    const struct http_header empty = {STR("X-Probe"), STR("")};
    struct http_call call = get_path(&w, "/echo");
    struct http_reply reply;
    call.headers = &header;
    call.header_count = 1;
    assert_ok(send_call(&w, &call, &reply));
    assert_str(reply.body, "GET|a b|None|None|");
    call.method = "POST";
    call.content_type = "application/x-www-form-urlencoded";
    call.body = STR("a=b");
    assert_ok(send_call(&w, &call, &reply));
    assert_str(reply.body, "POST|a b|application/x-www-form-urlencoded|None|a=b");
    call.method = "DELETE";
    call.body = STR("");
    call.headers = &empty;
    assert_ok(send_call(&w, &call, &reply));
    assert_str(reply.body, "DELETE||application/x-www-form-urlencoded|None|");
}

static void a_header_cannot_smuggle_a_line(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    static const struct http_header HOSTILE[] = {
        {STR_INIT("X-Probe"), STR_INIT("a\r\nCookie: b")},
        {STR_INIT("X-Probe"), STR_INIT("a\nb")},
        {STR_INIT("X-Probe"), STR_INIT("a\0b")},
        {STR_INIT("X-Probe: a\r\nCookie"), STR_INIT("b")},
        {STR_INIT(""), STR_INIT("b")},
    };
    struct http_call call = get_path(&w, "/echo");
    call.header_count = 1;
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        call.headers = &HOSTILE[i];
        assert_refused(w, call, INVALID, "http.header");
    }
}

static void a_redirect_is_an_answer_and_not_followed(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    const struct http_call call = get_path(&w, "/redirect");
    struct http_reply reply;
    assert_ok(send_call(&w, &call, &reply));
    assert_int_equal(reply.status, 302);
    assert_str(reply.body, "gone");
}

static void loopback_is_refused_in_every_spelling(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, NULL);
    static const char *const HOSTS[] = {"127.0.0.1",
                                        "127.1",
                                        "2130706433",
                                        "0x7f000001",
                                        "0177.0.0.1",
                                        "localhost",
                                        "a.localhost",
                                        "[::1]",
                                        "[::ffff:7f00:1]",
                                        "0.0.0.0",
                                        "[::]",
                                        "[64:ff9b::7f00:1]",
                                        "[2002:7f00:1::1]",
                                        "169.254.169.254",
                                        "[::ffff:10.0.0.1]",
                                        "[fe80::1]"};
    for (size_t i = 0; i < sizeof HOSTS / sizeof HOSTS[0]; i++) {
        struct http_call call = get_path(&w, "/hello");
        call.url = url_at(&w, HOSTS[i], "PORT", "/hello");
        assert_refused(w, call, FORBIDDEN, "http.address");
    }
}

static void a_rule_opens_only_its_ports(void **state) {
    AUTO(close_world) struct world w;
    struct fixture *f = *state;
    char rule[64];
    open_world(&w, f, NULL);
    close_world(&w);
    (void) snprintf(rule, sizeof rule, "127.0.0.0/8 %s", peer_value(&SERVER, "PORT"));
    open_world(&w, f, rule);
    struct http_call call = get_path(&w, "/hello");
    struct http_reply reply;
    assert_ok(send_call(&w, &call, &reply));
    call.url = url_at(&w, "127.0.0.1", "OLD_PORT", "/hello");
    assert_refused(w, call, FORBIDDEN, "http.address");
}

static void a_mapped_address_is_the_ipv4_address_it_carries(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/hello");
    struct http_reply reply;
    call.url = url_at(&w, "[::ffff:127.0.0.1]", "PORT", "/hello");
    assert_ok(send_call(&w, &call, &reply));
    assert_int_equal(reply.status, 200);
}

static void only_well_formed_https_urls_are_called(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    static const struct str REFUSED[] = {
        STR_INIT(""),
        STR_INIT("http://127.0.0.1/"),
        STR_INIT("ftp://127.0.0.1/"),
        STR_INIT("file:///etc/passwd"),
        STR_INIT("gopher://127.0.0.1/"),
        STR_INIT("127.0.0.1"),
        STR_INIT("https://"),
        STR_INIT("https://user:pw@127.0.0.1/"),
        STR_INIT("https://127.0.0.1/ a"),
        STR_INIT("https://127.0.0.1/\r\nX: y"),
        STR_INIT("https://127.0.0.1/a\0b"),
        STR_INIT("https://127.0.0.1\\@example.com/"),
        STR_INIT("https://127.0.0.1/#fragment"),
        STR_INIT("https://127.0.0.1:99999/"),
        STR_INIT("https://127.0.0.1:x/"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct http_call call = get_path(&w, "/");
        call.url = REFUSED[i];
        assert_refused(w, call, INVALID, "http.url");
    }
    char *endless = arena_alloc(w.f->scope.arena, 4096);
    for (size_t i = 0; i < 4096; i++) {
        endless[i] = 'a';
    }
    struct http_call call = get_path(&w, "/");
    call.url = str_format(w.f->scope.arena, "https://127.0.0.1/%.*s", 4000, endless);
    assert_refused(w, call, INVALID, "http.url");
}

static void an_unknown_authority_is_refused(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/hello");
    call.ca_pem = STR("");
    assert_refused(w, call, UNAVAILABLE, "http.tls");
    call.ca_pem = read_file(w.f, peer_value(&SERVER, "OTHER_CA"));
    assert_refused(w, call, UNAVAILABLE, "http.tls");
    call.ca_pem = STR("no certificate");
    assert_refused(w, call, UNAVAILABLE, "http.tls");
}

static void a_certificate_for_another_name_is_refused(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/hello");
    struct http_reply reply;
    call.url = url_at(&w, "named.localhost", "PORT", "/hello");
    assert_ok(send_call(&w, &call, &reply));
    call.url = url_at(&w, "other.localhost", "PORT", "/hello");
    assert_refused(w, call, UNAVAILABLE, "http.tls");
}

static void old_tls_and_no_tls_are_refused(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/hello");
    call.url = url_at(&w, "127.0.0.1", "OLD_PORT", "/hello");
    assert_refused(w, call, UNAVAILABLE, "http.tls");
    call.url = url_at(&w, "127.0.0.1", "PLAIN_PORT", "/hello");
    assert_refused(w, call, UNAVAILABLE, "http.tls");
}

static void a_body_above_the_cap_is_refused_sized_or_chunked(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_reply reply;
    struct http_call call = get_path(&w, "/sized?262144");
    assert_ok(send_call(&w, &call, &reply));
    assert_int_equal(reply.body.len, 262144);
    call = get_path(&w, "/sized?262145");
    assert_refused(w, call, TOO_LARGE, "http.size");
    call = get_path(&w, "/chunked?262");
    assert_ok(send_call(&w, &call, &reply));
    assert_int_equal(reply.body.len, 262000);
    call = get_path(&w, "/chunked?263");
    assert_refused(w, call, TOO_LARGE, "http.size");
    call.max_bytes = 263000;
    assert_ok(send_call(&w, &call, &reply));
    call.max_bytes = 262999;
    assert_refused(w, call, TOO_LARGE, "http.size");
}

static void headers_above_the_cap_are_refused(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_reply reply;
    struct http_call call = get_path(&w, "/headers?50");
    assert_ok(send_call(&w, &call, &reply));
    call = get_path(&w, "/headers?90");
    assert_refused(w, call, TOO_LARGE, "http.size");
}

static int64_t elapsed_ms(const struct timespec *since) {
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void a_slow_server_is_left_at_the_deadline(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct timespec start;
    (void) clock_gettime(CLOCK_MONOTONIC, &start);
    struct http_call call = get_path(&w, "/drip");
    call.timeout_us = MS_TO_US(300);
    assert_refused(w, call, UNAVAILABLE, "http.timeout");
    call.url = url_at(&w, "127.0.0.1", "SILENT_PORT", "/");
    call.timeout_us = 0;
    call.connect_timeout_us = MS_TO_US(300);
    assert_refused(w, call, UNAVAILABLE, "http.timeout");
    call = get_path(&w, "/drip");
    curl_client_set_timeout(w.client, MS_TO_US(300));
    assert_refused(w, call, UNAVAILABLE, "http.timeout");
    assert_true(elapsed_ms(&start) < 4000);
}

static void a_refused_connection_and_an_unknown_name_say_so(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/hello");
    call.url = url_at(&w, "127.0.0.1", "CLOSED_PORT", "/");
    assert_refused(w, call, UNAVAILABLE, "http.connect");
    /* a label of 64 bytes cannot exist (RFC 1035 2.3.4): no name server is asked */
    call.url = STR("https://"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/");
    assert_refused(w, call, UNAVAILABLE, "http.connect");
}

static void a_broken_answer_is_no_answer(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/partial");
    assert_refused(w, call, UNAVAILABLE, "http.failed");
    call = get_path(&w, "/junk");
    assert_refused(w, call, UNAVAILABLE, "http.failed");
}

static void a_compressed_body_is_not_unpacked(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    const struct http_call call = get_path(&w, "/compressed");
    struct http_reply reply;
    assert_ok(send_call(&w, &call, &reply));
    assert_str(reply.body, "raw");
}

static void every_call_has_a_connection_of_its_own_and_no_cookies(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/connections");
    struct http_reply first;
    struct http_reply second;
    struct http_reply echo;
    uint64_t before = 0;
    uint64_t after = 0;
    assert_ok(send_call(&w, &call, &first));
    assert_ok(send_call(&w, &call, &second));
    assert_ok(parse_u64(&w.f->scope, first.body, 1000, &before));
    assert_ok(parse_u64(&w.f->scope, second.body, 1000, &after));
    assert_int_equal(after, before + 1);
    call = get_path(&w, "/echo");
    assert_ok(send_call(&w, &call, &echo));
    assert_str(echo.body, "GET|None|None|None|");
}

static void the_environment_sets_no_proxy(void **state) {
    AUTO(close_world) struct world w;
    open_world(&w, *state, "127.0.0.0/8");
    (void) setenv("https_proxy", "http://127.0.0.1:1", 1);
    (void) setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    const struct http_call call = get_path(&w, "/hello");
    struct http_reply reply;
    assert_ok(send_call(&w, &call, &reply));
    (void) unsetenv("https_proxy");
    (void) unsetenv("ALL_PROXY");
}

static void a_proxy_is_used_when_given_and_filtered_like_any_address(void **state) {
    AUTO(close_world) struct world w;
    struct fixture *f = *state;
    open_world(&w, f, "127.0.0.0/8");
    struct http_call call = get_path(&w, "/hello");
    struct http_reply reply;
    call.proxy =
        str_format(f->scope.arena, "http://127.0.0.1:%s", peer_value(&SERVER, "PROXY_PORT"));
    assert_ok(send_call(&w, &call, &reply));
    assert_str(reply.body, "{\"hello\":1}");
    const struct str proxy = call.proxy;
    call.proxy = STR("socks5://127.0.0.1:1");
    assert_refused(w, call, INVALID, "http.proxy");
    call.proxy = STR("http://127.0.0.1:1");
    assert_refused(w, call, UNAVAILABLE, "http.connect");
    close_world(&w);
    open_world(&w, f, NULL);
    call.proxy = proxy;
    assert_refused(w, call, FORBIDDEN, "http.address");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_reply_carries_status_type_and_body),
        SENTENCE(an_etag_is_given_and_sent_back),
        SENTENCE(method_headers_and_body_arrive),
        SENTENCE(a_header_cannot_smuggle_a_line),
        SENTENCE(a_redirect_is_an_answer_and_not_followed),
        SENTENCE(loopback_is_refused_in_every_spelling),
        SENTENCE(a_rule_opens_only_its_ports),
        SENTENCE(a_mapped_address_is_the_ipv4_address_it_carries),
        SENTENCE(only_well_formed_https_urls_are_called),
        SENTENCE(an_unknown_authority_is_refused),
        SENTENCE(a_certificate_for_another_name_is_refused),
        SENTENCE(old_tls_and_no_tls_are_refused),
        SENTENCE(a_body_above_the_cap_is_refused_sized_or_chunked),
        SENTENCE(headers_above_the_cap_are_refused),
        SENTENCE(a_slow_server_is_left_at_the_deadline),
        SENTENCE(a_refused_connection_and_an_unknown_name_say_so),
        SENTENCE(a_broken_answer_is_no_answer),
        SENTENCE(a_compressed_body_is_not_unpacked),
        SENTENCE(every_call_has_a_connection_of_its_own_and_no_cookies),
        SENTENCE(the_environment_sets_no_proxy),
        SENTENCE(a_proxy_is_used_when_given_and_filtered_like_any_address),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
