#include "tests/gateway/server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "identity/session.h"
#include "messaging/org.h"

enum { READ_LIMIT = 1 << 20 };

static int free_port(void) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (const struct sockaddr *) &address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &len), 0);
    (void) close(fd);
    return ntohs(address.sin_port);
}

static void make_settings(struct server *server, const struct server_options *options) {
    struct arena *arena = server->fixture.scope.arena;
    (void) snprintf(server->folder, sizeof server->folder, "/tmp/gatehouse-server-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    server->port = free_port();
    server->ops_port = free_port();
    server->settings = (struct serve_settings){
        .database = {.url = str_format(arena, "sqlite:%s/gatehouse.db", server->folder),
                     .statement_timeout_us = S_TO_US(10),
                     .connect_timeout_us = S_TO_US(5)},
        .is_auto_migrating = true,
        .listen = str_format(arena, "127.0.0.1:%d", server->port),
        .ops_listen = str_format(arena, "127.0.0.1:%d", server->ops_port),
        .public_url = str_format(arena, "http://127.0.0.1:%d", server->port),
        .shards = 2,
        .database_workers = 4,
        .outbound_workers = 2,
        .bound_us = options->bound_us > 0 ? options->bound_us : S_TO_US(2),
        .session_idle_us = S_TO_US(3600),
        .session_absolute_us = S_TO_US(7200),
        .max_connections = 1000,
        .max_connections_per_address =
            options->max_connections_per_address > 0 ? options->max_connections_per_address : 1000,
        .header_timeout_us =
            options->header_timeout_us > 0 ? options->header_timeout_us : S_TO_US(10),
        .request_timeout_us = S_TO_US(30),
        .max_sockets_per_user = 16,
        .seal_key = {{"0123456789abcdef0123456789abcdef", 32}},
    };
}

static void seed(struct server *server) {
    struct scope *scope = &server->fixture.scope;
    AUTO(db_close) struct db *db = NULL;
    assert_ok(db_open(scope, server->app->store, &db));
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, db, LANE_NORMAL, &tx));
    const struct new_org input = {
        .slug = STR("acme"),
        .name = STR("Acme"),
        .creator = {.user_name = STR("ann"), .display_name = STR("Ann")},
        .source = SOURCE_OPERATOR,
    };
    struct org org;
    struct user creator;
    assert_ok(org_create(scope, tx, &input, &org, &creator));
    assert_ok(tx_commit(scope, tx));
    server->org_id = org.id;
    server->user_id = creator.id;
}

struct str server_add_person(struct server *server, const char *name) {
    struct scope *scope = &server->fixture.scope;
    AUTO(db_close) struct db *db = NULL;
    assert_ok(db_open(scope, server->app->store, &db));
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, db, LANE_NORMAL, &tx));
    const struct user_profile profile = {.user_name = str_from_c(name)};
    struct user user;
    assert_ok(user_create(scope, tx, server->org_id, &profile, ROLE_MEMBER, false, &user));
    assert_ok(tx_commit(scope, tx));
    return user.id;
}

struct str server_sign_in(struct server *server, struct str user_id) {
    struct scope *scope = &server->fixture.scope;
    AUTO(db_close) struct db *db = NULL;
    assert_ok(db_open(scope, server->app->store, &db));
    struct user user;
    assert_ok(user_find(scope, db, server->org_id, user_id, &user));
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, db, LANE_NORMAL, &tx));
    const struct new_session input = {.org_id = server->org_id,
                                      .user_id = user_id,
                                      .epoch = user.epoch,
                                      .method = "password",
                                      .received_us = clock_now_us(scope->env->clock)};
    struct session_secret secret;
    assert_ok(session_create(scope, &server->app->identity, &server->app->messaging, tx, &input,
                             &secret));
    assert_ok(tx_commit(scope, tx));
    server->csrf = secret.csrf;
    return secret.cookie_value;
}

static void wait_until_ready(struct server *server) {
    for (int i = 0; i < 500; i++) { /* a condition, not a time: up to 10 s on a busy machine */
        if (follower_is_ready(server->app->follower)) {
            return;
        }
        (void) usleep(20000);
    }
    fail_msg("not ready: %s", follower_not_ready_reason(server->app->follower));
}

void server_start(struct server *server, const struct server_options *options) {
    memset(server, 0, sizeof *server);
    fixture_open(&server->fixture);
    server->fixture.env.clock = system_clock();
    server->fixture.env.random = system_random();
    make_settings(server, options);
    const result started = app_start(&server->fixture.scope, &server->settings, &server->app);
    if (!is_ok(started)) {
        fail_msg("server: %s", server->fixture.scope.reason);
    }
    wait_until_ready(server);
    seed(server);
    server->cookie = server_sign_in(server, server->user_id);
}

void server_stop(struct server *server) {
    app_stop(&server->app);
    static const char *const FILES[] = {"gatehouse.db", "gatehouse.db-wal", "gatehouse.db-shm",
                                        "gatehouse.db.lock"};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        (void) unlink(
            str_format(server->fixture.scope.arena, "%s/%s", server->folder, FILES[i]).at);
    }
    (void) rmdir(server->folder);
    fixture_close(&server->fixture);
}

int client_connect(const struct server *server) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t) server->port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct timeval limit = {10, 0};
    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (server->receive_buffer > 0) {
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &server->receive_buffer,
                          sizeof server->receive_buffer);
    }
    assert_int_equal(connect(fd, (const struct sockaddr *) &address, sizeof address), 0);
    return fd;
}

void client_send(int fd, const char *text) {
    const size_t len = strlen(text);
    size_t sent = 0;
    while (sent < len) {
        const ssize_t part = send(fd, text + sent, len - sent, MSG_NOSIGNAL);
        if (part <= 0) {
            return; /* the server has closed: the test sees it in the answer */
        }
        sent += (size_t) part;
    }
}

const char *client_read(struct server *server, int fd, const char *until) {
    char *text = arena_alloc(server->fixture.scope.arena, READ_LIMIT + 1);
    size_t len = 0;
    while (len < READ_LIMIT) {
        const ssize_t got = recv(fd, text + len, READ_LIMIT - len, 0);
        if (got <= 0) {
            break;
        }
        len += (size_t) got;
        text[len] = '\0';
        if (until != NULL && strstr(text, until) != NULL) {
            break;
        }
    }
    text[len] = '\0';
    return text;
}

/* Length of the whole answer; 0 while its head is not complete. */
static size_t answer_len(const char *text) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    const char *length = strstr(text, "Content-Length: ");
    const size_t body = length != NULL && length < end ? strtoul(length + 16, NULL, 10) : 0;
    return (size_t) (end - text) + 4 + body;
}

/* Neither waits for the server's close nor half-closes first: a parser may take that for an abort.
 */
const char *client_call(struct server *server, const char *request) {
    const int fd = client_connect(server);
    client_send(fd, request);
    char *text = arena_alloc(server->fixture.scope.arena, READ_LIMIT + 1);
    size_t len = 0;
    while (len < READ_LIMIT && (answer_len(text) == 0 || len < answer_len(text))) {
        const ssize_t got = recv(fd, text + len, READ_LIMIT - len, 0);
        if (got <= 0) {
            break;
        }
        len += (size_t) got;
        text[len] = '\0';
    }
    (void) close(fd);
    return text;
}

int answer_status(const char *answer) {
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int) strtol(answer + 9, NULL, 10) : 0;
}

int ws_client_open(struct server *server, struct str cookie, int *ret_status) {
    const int fd = client_connect(server);
    const struct str request = str_format(
        server->fixture.scope.arena,
        "GET /api/v1/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: gatehouse.v1\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: %.*s\r\nCookie: "
        "gatehouse=%.*s\r\n\r\n",
        STR_ARG(server->settings.public_url), STR_ARG(cookie));
    client_send(fd, request.at);
    /* byte by byte: what follows the head belongs to the first frame */
    char head[4096];
    size_t len = 0;
    while (len + 1 < sizeof head && recv(fd, head + len, 1, 0) == 1) {
        head[++len] = '\0';
        if (len >= 4 && strcmp(head + len - 4, "\r\n\r\n") == 0) {
            break;
        }
    }
    head[len] = '\0';
    *ret_status = answer_status(head);
    return fd;
}

static bool read_exactly(int fd, void *bytes, size_t len) {
    return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t) len;
}

int ws_client_read(struct server *server, int fd, struct str *ret) {
    unsigned char head[8];
    if (!read_exactly(fd, head, 2)) {
        return 0;
    }
    size_t len = head[1] & 0x7f;
    const int opcode = head[0] & 0x0f;
    const size_t more = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (more > 0) {
        if (!read_exactly(fd, head, more)) {
            return 0;
        }
        len = 0;
        for (size_t i = 0; i < more; i++) {
            len = len << 8 | head[i];
        }
    }
    char *payload = arena_alloc(server->fixture.scope.arena, len + 1);
    if (len > 0 && !read_exactly(fd, payload, len)) {
        return 0;
    }
    *ret = (struct str){payload, len};
    return opcode;
}

struct str ws_client_wait(struct server *server, int fd, const char *needle) {
    struct str text = {"", 0};
    for (;;) {
        const int opcode = ws_client_read(server, fd, &text);
        if (opcode == 0 || opcode == WS_CLOSE) {
            fail_msg("the connection ended while waiting for %s", needle);
        }
        if (opcode == WS_TEXT && str_find(text, str_from_c(needle)) >= 0) {
            return text;
        }
    }
}

void ws_client_send(int fd, const char *text) {
    const size_t len = strlen(text);
    unsigned char frame[4096] = {0x81, (unsigned char) (0x80 | (len < 126 ? len : 126))};
    size_t at = 2;
    assert_true(len < 4000);
    if (len >= 126) {
        frame[at++] = (unsigned char) (len >> 8);
        frame[at++] = (unsigned char) (len & 0xff);
    }
    at += 4; /* a mask of zeroes leaves the text as it is */
    memcpy(frame + at, text, len);
    assert_int_equal(send(fd, frame, at + len, MSG_NOSIGNAL), at + len);
}

const char *api_call(struct server *server, const char *method, const char *path, struct str cookie,
                     struct str csrf, const char *body) {
    const char *content = body == NULL ? "" : body;
    const struct str request = str_format(
        server->fixture.scope.arena,
        "%s %s HTTP/1.1\r\nHost: a\r\nCookie: gatehouse=%.*s\r\nX-Gatehouse-Csrf: %.*s\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        method, path, STR_ARG(cookie), STR_ARG(csrf), strlen(content), content);
    return client_call(server, request.at);
}

/* liboauth2 keeps the entry of a cache when it is started a second time in one process, which only
 * tests do. Read by the leak sanitizer. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,readability-identifier-naming): its name
 */
const char *__lsan_default_suppressions(void);
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,readability-identifier-naming): its name
 */
const char *__lsan_default_suppressions(void) {
    return "leak:liboauth2.so\n";
}
