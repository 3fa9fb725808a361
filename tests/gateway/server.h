#pragma once
/* The whole server in the test's own process, on loopback, with SQLite in a folder of its own; and
 * a client that speaks bytes, so that what is malformed can be sent. */

#include "gateway/app.h"
#include "tests/support/fixture.h"

struct server {
    struct fixture fixture; /* first; real clock and randomness */
    struct serve_settings settings;
    struct app *app;
    char folder[64];
    int port, ops_port;
    int receive_buffer; /* of the clients that connect from now on; 0: the kernel's choice */
    struct str org_id, user_id, cookie, csrf; /* the creator, signed in */
};

struct server_options {
    int64_t header_timeout_us;          /* 0: 10 s */
    size_t max_connections_per_address; /* 0: 1000 */
    int64_t bound_us;                   /* 0: 2 s */
};

void server_start(struct server *server, const struct server_options *options);
void server_stop(struct server *server);
/* A signed-in person more: the cookie's value. */
struct str server_sign_in(struct server *server, struct str user_id);
struct str server_add_person(struct server *server, const char *name);

/* A connected socket with a receive time-out of 10 s. */
int client_connect(const struct server *server);
void client_send(int fd, const char *text);
/* Everything until the peer closes or `until` is there; NUL-terminated in the arena. */
const char *client_read(struct server *server, int fd, const char *until);
/* One request on a connection of its own; the whole answer. */
const char *client_call(struct server *server, const char *request);
/* The status of an answer; 0 when there is none. */
int answer_status(const char *answer);

/* Live connections: the upgrade with this cookie; the whole answer's status in *ret_status. */
int ws_client_open(struct server *server, struct str cookie, int *ret_status);
/* The next frame's opcode; its payload in *ret. 0: the connection has ended without one. */
int ws_client_read(struct server *server, int fd, struct str *ret);
/* Reads on until a text frame has `needle`; fails the test when the connection ends first. */
struct str ws_client_wait(struct server *server, int fd, const char *needle);
void ws_client_send(int fd, const char *text);
/* A request with a cookie and the CSRF header, JSON body or NULL. */
const char *api_call(struct server *server, const char *method, const char *path, struct str cookie,
                     struct str csrf, const char *body);
