#include "tests/gateway/server.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int setup(void **state) {
    static struct server server;
    server_start(&server, &(struct server_options){0});
    *state = &server;
    return 0;
}

static int teardown(void **state) {
    server_stop(*state);
    return 0;
}

static void pages_and_documents_are_served_with_strict_headers(void **state) {
    struct server *s = *state;
    const char *page =
        client_call(s, "GET /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_int_equal(answer_status(page), 200);
    assert_non_null(strstr(page, "Content-Type: text/html"));
    assert_non_null(strstr(page, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
    assert_non_null(strstr(page, "X-Content-Type-Options: nosniff"));
    assert_non_null(strstr(page, "X-Request-Id: "));
    const char *version = client_call(s, "GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(answer_status(version), 200);
    assert_non_null(strstr(version, "\"name\":\"gatehouse\""));
    assert_non_null(strstr(version, "Cache-Control: no-store"));
}

static void an_unchanged_page_is_answered_304(void **state) {
    struct server *s = *state;
    const char *page = client_call(s, "GET /login HTTP/1.1\r\nHost: a\r\n\r\n");
    const char *tag = strstr(page, "ETag: ");
    assert_non_null(tag);
    char request[512];
    (void) snprintf(request, sizeof request,
                    "GET /login HTTP/1.1\r\nHost: a\r\nIf-None-Match: %.*s\r\n\r\n",
                    (int) strcspn(tag + 6, "\r"), tag + 6);
    const char *again = client_call(s, request);
    assert_int_equal(answer_status(again), 304);
    assert_null(strstr(again, "<html"));
    /* It would replace the policy of the page that the browser has stored. */
    assert_null(strstr(again, "Content-Security-Policy"));
    assert_non_null(strstr(page, "Content-Security-Policy: default-src 'none'; script-src"));
}

static const struct {
    const char *request;
    int status;
    const char *code;
} REFUSED[] = {
    {"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, "\"code\":\"route.unknown\""},
    {"POST /version HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405,
     "\"code\":\"route.method\""},
    {"GET /api/v1/%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "\"code\":\"url.path\""},
    {"GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400,
     "\"code\":\"http.duplicate_header\""},
    {"GET /version HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
     "chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
     400, "\"code\":\"http.framing\""},
    {"GET /version HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n zz\r\n\r\nabcd", 400,
     "\"code\":\"http.header_name\""},
    {"GET /version HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n", 400, "\"code\":\"http.header_value\""},
    {"GET /api/v1/live HTTP/1.1\r\nHost: a\r\n\r\n", 401, "application/problem+json"},
};

static void bad_requests_get_a_problem_with_a_code_and_a_request_id(void **state) {
    struct server *s = *state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        const char *answer = client_call(s, REFUSED[i].request);
        print_message("%s", REFUSED[i].request);
        assert_int_equal(answer_status(answer), REFUSED[i].status);
        assert_non_null(strstr(answer, REFUSED[i].code));
        assert_non_null(strstr(answer, "\"request_id\":\""));
    }
}

static void a_connection_serves_one_request_after_the_other(void **state) {
    struct server *s = *state;
    const int fd = client_connect(s);
    for (int i = 0; i < 300; i++) { /* more than 128: where the parser's own loop stalls */
        client_send(fd, "GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(answer_status(client_read(s, fd, "null}")), 200);
    }
    (void) close(fd);
}

static void headers_beyond_the_limit_are_refused_not_crashed_on(void **state) {
    struct server *s = *state;
    static char request[64 * 1024];
    size_t len = (size_t) snprintf(request, sizeof request, "GET /version HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 80; i++) {
        len += (size_t) snprintf(request + len, sizeof request - len, "X-%d: y\r\n", i);
    }
    (void) snprintf(request + len, sizeof request - len, "\r\n");
    assert_int_equal(answer_status(client_call(s, request)), 431);
    len = (size_t) snprintf(request, sizeof request, "GET /version HTTP/1.1\r\nHost: a\r\nX: ");
    memset(request + len, 'a', 40000);
    (void) snprintf(request + len + 40000, sizeof request - len - 40000, "\r\n\r\n");
    assert_int_equal(answer_status(client_call(s, request)), 431);
}

static void ready_live_and_metrics_answer_on_the_operators_listener(void **state) {
    struct server *s = *state;
    const int port = s->port;
    s->port = s->ops_port;
    assert_non_null(
        strstr(client_call(s, "GET /ready HTTP/1.1\r\nHost: a\r\n\r\n"), "\"ready\":true"));
    assert_int_equal(answer_status(client_call(s, "GET /live HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
    assert_non_null(
        strstr(client_call(s, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), "gatehouse_"));
    assert_int_equal(answer_status(client_call(s, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")), 404);
    s->port = port;
}

static void a_slow_client_is_cut_at_the_header_deadline(void **state) {
    (void) state;
    struct server *s = test_malloc(sizeof *s);
    server_start(s, &(struct server_options){.header_timeout_us = MS_TO_US(300)});
    const int fd = client_connect(s);
    bool is_cut = false;
    for (int i = 0; i < 100 && !is_cut; i++) { /* a byte now and then: activity, never a request */
        const ssize_t sent = send(fd, "G", 1, MSG_NOSIGNAL);
        char byte;
        is_cut = sent <= 0 || recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
        (void) usleep(50000);
    }
    assert_true(is_cut);
    (void) close(fd);
    server_stop(s);
    test_free(s);
}

static void one_address_gets_its_share_of_connections(void **state) {
    (void) state;
    struct server *s = test_malloc(sizeof *s);
    server_start(s, &(struct server_options){.max_connections_per_address = 3});
    int held[3];
    for (int i = 0; i < 3; i++) {
        held[i] = client_connect(s);
        client_send(held[i], "GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(answer_status(client_read(s, held[i], "null}")), 200);
    }
    const int over = client_connect(s);
    assert_int_equal(answer_status(client_read(s, over, "\r\n\r\n")), 503);
    (void) close(over);
    (void) close(held[0]);
    int status = 0;
    for (int i = 0; i < 100 && status != 200; i++) { /* the server sees the close a moment later */
        status = answer_status(client_call(s, "GET /version HTTP/1.1\r\nHost: a\r\n\r\n"));
        (void) usleep(20000);
    }
    assert_int_equal(status, 200);
    (void) close(held[1]);
    (void) close(held[2]);
    server_stop(s);
    test_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_and_documents_are_served_with_strict_headers),
        cmocka_unit_test(an_unchanged_page_is_answered_304),
        cmocka_unit_test(bad_requests_get_a_problem_with_a_code_and_a_request_id),
        cmocka_unit_test(a_connection_serves_one_request_after_the_other),
        cmocka_unit_test(headers_beyond_the_limit_are_refused_not_crashed_on),
        cmocka_unit_test(ready_live_and_metrics_answer_on_the_operators_listener),
        cmocka_unit_test(a_slow_client_is_cut_at_the_header_deadline),
        cmocka_unit_test(one_address_gets_its_share_of_connections),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
