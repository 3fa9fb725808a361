#pragma once
/* What the files of gateway/http share; nobody else includes it. Shard thread only, all of it. */

#include <netinet/in.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "gateway/http/loop.h"

enum {
    POOL_BYTES = 16 * 1024, /* URL and headers of a connection share it */
    ACCEPTS_PER_PASS = 64,
    READ_BYTES = 16 * 1024,
    REQUEST_ID_BYTES = 12,
    REQUEST_IDS = 64, /* whose random bytes are fetched at a time */
    PING_WHEEL_SECONDS = 64,
    PING_SECONDS = 30,
    SILENT_SECONDS = 95,  /* three pings without any byte: the peer is gone */
    MESSAGE_SECONDS = 10, /* an incomplete message */
    LINGER_US = 1000000
};

/* Connections that have to do something by a deadline; one list per duration, so each is in order.
 */
enum deadline_kind { DEADLINE_HEADERS, DEADLINE_KEEP_ALIVE, DEADLINE_REQUEST, DEADLINE_KINDS };

struct http_connection {
    struct http_connection *next, *prev;
    enum deadline_kind deadline;
    int64_t until_boot_us;
    bool is_listed, is_counted;
    bool is_in_table; /* of addresses; trusted proxies carry everybody and are not */
    int fd;
    unsigned char address[16];
    char address_text[INET6_ADDRSTRLEN];
};

struct deadline_list {
    struct http_connection *first, *last;
    int64_t duration_us;
};

/* A request while it lives in the parser. */
struct request_slot {
    struct http_loop *loop;
    struct MHD_Connection *connection;
    struct http_connection *peer;
    struct str raw_target; /* path?query as it came */
    struct strbuf body;
    size_t discarded;
    bool is_begun, is_complete, is_suspended, is_answered, is_queued, is_answering;
    struct request_slot *next, *prev; /* answers on their way out, of somebody */
    struct exchange *exchange;
};

/* The loop's side of a live socket. */
struct live_io {
    struct live_io *next, *prev; /* ping wheel, graveyard or lingering list */
    struct live_socket *socket;  /* NULL once the shard let go */
    struct http_loop *loop;
    struct ws_in *in;
    int fd;
    unsigned wheel_second;
    bool is_in_wheel, wants_write, is_lingering, is_in_table;
    int64_t message_until_boot_us; /* 0: no incomplete message */
    int64_t heard_boot_us;
    int64_t linger_until_boot_us;
    unsigned char address[16];
};

struct http_loop {
    struct transport transport; /* first */
    struct shard *shard;
    const struct env *env;
    struct http_limits limits;
    struct address_table *addresses;
    const struct address_rules *trusted_proxies;
    struct str public_url;
    bool is_https;
    struct metrics *metrics;
    const atomic_bool *stop, *end;
    sem_t *drained;

    struct MHD_Daemon *daemon;
    int epoll, listener;
    bool is_accepting, needs_run, is_draining, is_drained;
    int64_t now_us; /* boot time at the begin of the pass: near enough for deadlines */
    int64_t accept_again_boot_us; /* after EMFILE; 0 once a descriptor is free */
    size_t connections, suspended;
    unsigned char id_bytes[REQUEST_IDS][REQUEST_ID_BYTES];
    size_t id_count; /* of those not used yet */
    struct deadline_list deadlines[DEADLINE_KINDS];

    struct request_slot *answering;

    struct ws_pool *pool;
    struct live_io *wheel[PING_WHEEL_SECONDS];
    int64_t wheel_second; /* the last one handled */
    struct live_io *lingering, *graveyard;
    unsigned char read_buffer[READ_BYTES];
};

/* deadline.c */
void deadline_start(struct http_loop *loop, struct http_connection *peer, enum deadline_kind kind);
void deadline_stop(struct http_loop *loop, struct http_connection *peer);
int64_t deadline_next_us(const struct http_loop *loop);
void deadline_sweep(struct http_loop *loop, int64_t now_us);

/* request.c: the parser's callbacks */
void *request_started(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_data(void *cls, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data,
                             size_t *data_size, void **state);
void request_completed(void *cls, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode why);
void request_peer_changed(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what);
void request_answer(struct transport *transport, struct exchange *exchange);

/* respond.c */
enum MHD_Result respond(struct http_loop *loop, struct MHD_Connection *connection,
                        struct exchange *exchange);

/* An answer to somebody leaves the list when its last byte is out. */
void answering_leave(struct request_slot *slot);
void respond_revoked(struct transport *transport);

/* live_io.c */
void live_io_adopt(struct http_loop *loop, struct exchange *exchange, int fd, const char *extra,
                   size_t extra_len);
void live_io_ready(struct live_io *io, uint32_t events);
void live_io_flush(struct transport *transport, struct live_socket *socket);
void live_io_cut(struct transport *transport, struct live_socket *socket, uint16_t code,
                 struct str reason);
/* Pings, silent peers, incomplete messages, lingering closes; once a second. */
void live_io_tick(struct http_loop *loop, int64_t now_us);
void live_io_bury(struct http_loop *loop);
