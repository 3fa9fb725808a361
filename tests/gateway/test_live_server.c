#include "tests/gateway/server.h"

#include <errno.h>
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

struct person {
    struct str id, cookie, csrf;
};

static struct person signed_in(struct server *s, const char *name) {
    const struct str id = server_add_person(s, name);
    const struct str cookie = server_sign_in(s, id);
    return (struct person){id, cookie, s->csrf};
}

static struct person creator(struct server *s) {
    const struct str cookie = server_sign_in(s, s->user_id);
    return (struct person){s->user_id, cookie, s->csrf};
}

static void a_message_reaches_who_is_connected(void **state) {
    struct server *s = *state;
    const struct person ben = signed_in(s, "ben");
    int status = 0;
    const int fd = ws_client_open(s, ben.cookie, &status);
    assert_int_equal(status, 101);
    (void) ws_client_wait(s, fd, "\"type\":\"hello\"");
    const char *list = api_call(s, "GET", "/api/v1/conversations", ben.cookie, ben.csrf, NULL);
    assert_int_equal(answer_status(list), 200);
    const char *id = strstr(list, "\"id\":\"");
    assert_non_null(id);
    const struct str conversation = {id + 6, 36};
    ws_client_send(
        fd,
        str_format(
            s->fixture.scope.arena,
            "{\"type\":\"send\",\"id\":\"1\",\"conversation\":\"%.*s\",\"text\":\"good morning\","
            "\"nonce\":\"n1\"}",
            STR_ARG(conversation))
            .at);
    const struct str event = ws_client_wait(s, fd, "message.created");
    assert_true(str_find(event, STR("good morning")) >= 0);
    (void) close(fd);
}

/* Without waiting: the promise is that by the time of the answer nothing of the leaver is open. */
static void assert_closed_now(struct server *s, int fd, const char *reason) {
    const struct timeval now = {0, 1000};
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &now, sizeof now);
    for (;;) {
        struct str payload = {"", 0};
        const int opcode = ws_client_read(s, fd, &payload);
        assert_int_not_equal(opcode, 0);
        if (opcode == WS_CLOSE) {
            assert_true(payload.len >= 2);
            assert_int_equal((unsigned char) payload.at[0] << 8 | (unsigned char) payload.at[1],
                             4401);
            assert_str(str_from(payload, 2), reason);
            return;
        }
    }
}

static void who_is_deactivated_is_out_before_the_answer(void **state) {
    struct server *s = *state;
    const struct person ann = creator(s);
    const struct person leaver = signed_in(s, "leaver");
    const struct person stays = signed_in(s, "stays");
    int status = 0;
    int sockets[4];
    for (size_t i = 0; i < 4; i++) {
        sockets[i] = ws_client_open(s, leaver.cookie, &status);
        assert_int_equal(status, 101);
        (void) ws_client_wait(s, sockets[i], "\"type\":\"hello\"");
    }
    const int other = ws_client_open(s, stays.cookie, &status);
    assert_int_equal(status, 101);
    (void) ws_client_wait(s, other, "\"type\":\"hello\"");
    const struct str path =
        str_format(s->fixture.scope.arena, "/api/v1/users/%.*s/deactivate", STR_ARG(leaver.id));
    const char *answer = api_call(s, "POST", path.at, ann.cookie, ann.csrf, "{}");
    assert_int_equal(answer_status(answer), 200);
    for (size_t i = 0; i < 4; i++) {
        assert_closed_now(s, sockets[i], "user.deactivated");
        (void) close(sockets[i]);
    }
    assert_int_equal(
        answer_status(api_call(s, "GET", "/api/v1/me", leaver.cookie, leaver.csrf, NULL)), 401);
    assert_int_equal(
        answer_status(api_call(s, "GET", "/api/v1/me", stays.cookie, stays.csrf, NULL)), 200);
    (void) ws_client_wait(s, other,
                          "user.deactivated"); /* colleagues learn it, and stay connected */
    (void) close(other);
    const int again = ws_client_open(s, leaver.cookie, &status);
    assert_int_equal(status, 401);
    (void) close(again);
    const char *receipts = api_call(s, "GET", "/api/v1/revocations", ann.cookie, ann.csrf, NULL);
    assert_int_equal(answer_status(receipts), 200);
    assert_non_null(strstr(receipts, leaver.id.at));
}

static void a_state_changing_call_needs_the_csrf_header(void **state) {
    struct server *s = *state;
    const struct person ann = creator(s);
    const struct person ben = signed_in(s, "csrf");
    const struct str path =
        str_format(s->fixture.scope.arena, "/api/v1/users/%.*s/deactivate", STR_ARG(ben.id));
    assert_int_equal(answer_status(api_call(s, "POST", path.at, ann.cookie, STR(""), "{}")), 403);
    assert_int_equal(answer_status(api_call(s, "POST", path.at, ann.cookie, ben.csrf, "{}")), 403);
    assert_int_equal(answer_status(api_call(s, "POST", path.at, ben.cookie, ben.csrf, "{}")), 403);
    assert_int_equal(answer_status(api_call(s, "GET", "/api/v1/me", ben.cookie, ben.csrf, NULL)),
                     200);
}

/* A page of history that fits no kernel buffer. */
static struct str fill_history(struct server *s, const struct person *writer) {
    const char *list =
        api_call(s, "GET", "/api/v1/conversations", writer->cookie, writer->csrf, NULL);
    const char *id = strstr(list, "\"id\":\"");
    assert_non_null(id);
    const struct str path =
        str_format(s->fixture.scope.arena, "/api/v1/conversations/%.36s/messages", id + 6);
    char *text = arena_alloc(s->fixture.scope.arena, 30001);
    memset(text, 'x', 30000);
    for (int i = 0; i < 100; i++) {
        const struct str body =
            str_format(s->fixture.scope.arena, "{\"text\":\"%s\",\"nonce\":\"big%d\"}", text, i);
        const int status =
            answer_status(api_call(s, "POST", path.at, writer->cookie, writer->csrf, body.at));
        assert_true(status == 200 || status == 201);
    }
    return path;
}

static void an_answer_that_is_still_on_its_way_is_cut_as_well(void **state) {
    struct server *s = *state;
    const struct person ann = creator(s);
    const struct person leaver = signed_in(s, "slow reader");
    const struct str path = fill_history(s, &ann);
    const int fd = client_connect(s);
    const int little = 4096;
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    const struct str request =
        str_format(s->fixture.scope.arena,
                   "GET %.*s?limit=100 HTTP/1.1\r\nHost: a\r\nCookie: gatehouse=%.*s\r\n\r\n",
                   STR_ARG(path), STR_ARG(leaver.cookie));
    client_send(fd, request.at);
    char first[16];
    assert_int_equal(recv(fd, first, sizeof first, MSG_WAITALL), sizeof first); /* it has begun */
    assert_memory_equal(first, "HTTP/1.1 200", 12);
    const struct str out =
        str_format(s->fixture.scope.arena, "/api/v1/users/%.*s/deactivate", STR_ARG(leaver.id));
    assert_int_equal(answer_status(api_call(s, "POST", out.at, ann.cookie, ann.csrf, "{}")), 200);
    size_t total = 0;
    static char bytes[65536];
    ssize_t got = 0;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        total += (size_t) got;
    }
    assert_int_equal(got, -1);
    assert_int_equal(errno, ECONNRESET);
    assert_true(total < 2500000); /* of 3 MB: only what had left the server before */
    (void) close(fd);
}

static void a_ping_is_answered_at_once(void **state) {
    struct server *s = *state;
    const struct person ben = signed_in(s, "pinger");
    int status = 0;
    const int fd = ws_client_open(s, ben.cookie, &status);
    (void) ws_client_wait(s, fd, "\"type\":\"hello\"");
    const unsigned char ping[] = {0x89, 0x82, 0, 0, 0, 0, 'h', 'i'};
    assert_int_equal(send(fd, ping, sizeof ping, MSG_NOSIGNAL), sizeof ping);
    const struct timeval limit = {3, 0}; /* our own ping would be due after up to 30 s */
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct str payload = {"", 0};
    int opcode = 0;
    do {
        opcode = ws_client_read(s, fd, &payload);
    } while (opcode != 0 && opcode != WS_PONG);
    assert_int_equal(opcode, WS_PONG);
    assert_str(payload, "hi");
    (void) close(fd);
}

static void a_frame_that_breaks_the_protocol_ends_that_connection_alone(void **state) {
    struct server *s = *state;
    const struct person ben = signed_in(s, "protocol");
    int status = 0;
    const int good = ws_client_open(s, ben.cookie, &status);
    (void) ws_client_wait(s, good, "\"type\":\"hello\"");
    const int bad = ws_client_open(s, ben.cookie, &status);
    (void) ws_client_wait(s, bad, "\"type\":\"hello\"");
    const unsigned char unmasked[] = {0x81, 0x02, 'h', 'i'};
    assert_int_equal(send(bad, unmasked, sizeof unmasked, MSG_NOSIGNAL), sizeof unmasked);
    struct str payload = {"", 0};
    int opcode = 0;
    while ((opcode = ws_client_read(s, bad, &payload)) != WS_CLOSE && opcode != 0) {
    }
    assert_int_equal(opcode, WS_CLOSE);
    assert_int_equal((unsigned char) payload.at[0] << 8 | (unsigned char) payload.at[1], 1002);
    ws_client_send(good, "{\"type\":\"ping\",\"id\":\"9\"}");
    (void) ws_client_wait(s, good, "\"id\":\"9\"");
    (void) close(bad);
    (void) close(good);
}

static void a_stopping_server_says_1012_and_answers_what_it_has_begun(void **state) {
    (void) state;
    struct server *s = test_malloc(sizeof *s);
    server_start(s, &(struct server_options){0});
    const struct person ben = signed_in(s, "ben");
    int status = 0;
    const int fd = ws_client_open(s, ben.cookie, &status);
    (void) ws_client_wait(s, fd, "\"type\":\"hello\"");
    app_stop(&s->app);
    struct str payload = {"", 0};
    assert_int_equal(ws_client_read(s, fd, &payload), WS_CLOSE);
    assert_int_equal((unsigned char) payload.at[0] << 8 | (unsigned char) payload.at[1], 1012);
    (void) close(fd);
    server_stop(s);
    test_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reaches_who_is_connected),
        cmocka_unit_test(who_is_deactivated_is_out_before_the_answer),
        cmocka_unit_test(a_state_changing_call_needs_the_csrf_header),
        cmocka_unit_test(an_answer_that_is_still_on_its_way_is_cut_as_well),
        cmocka_unit_test(a_ping_is_answered_at_once),
        cmocka_unit_test(a_frame_that_breaks_the_protocol_ends_that_connection_alone),
        cmocka_unit_test(a_stopping_server_says_1012_and_answers_what_it_has_begun),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
