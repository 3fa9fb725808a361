#pragma once
/* The core of a shard, free of sockets: session cache, ring of revocations, lease, index
 * (org, user) -> live sockets, exchanges on their way to workers and back. Everything here runs on
 * the shard's own thread; its mailbox is the only door. The loop in gateway/http drives real
 * connections; tests drive a fake transport with the same code. Rule numbers: revocation.md. */

#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mailbox.h"
#include "base/queue.h"
#include "base/ws.h"
#include "gateway/route.h"
#include "identity/principal.h"
#include "messaging/revocation.h"

enum {
    RING_ROWS = 4096,
    FANOUT_SLICE = 256,     /* sends between two looks at the control lane */
    SOCKET_MAX_FRAMES = 32, /* queued per socket; more: 4409 */
    SOCKET_MAX_QUEUED_BYTES = 64 * 1024,
    EXCHANGE_MAX_CHECKS = 3,
};

struct shard;
struct follower;
struct live_socket;
struct metrics;

/* Taken before a read that decides something. */
struct ticket {
    uint64_t applied_count;
    int64_t taken_boot_us;
};

enum exchange_step {
    STEP_CHECK,  /* check the credential only */
    STEP_HANDLE, /* check unless cached, then run the handler */
    STEP_LIVE    /* a command of a live socket */
};

/* What a letter in a worker's queue is. */
enum work_kind { WORK_EXCHANGE, WORK_CHORE };

/* One request and its answer, from the last body byte to the first byte out. Owned by the shard,
 * lent to a worker, then to the follower while a barrier is open, always through mailboxes. */
struct exchange {
    struct letter letter; /* first */
    enum work_kind work;  /* second, in everything a worker takes */
    struct shard *shard;
    struct arena *arena;
    const struct route *route;
    struct http_request request;
    struct http_response response;
    bool is_head;

    struct ticket ticket;
    unsigned checks;
    enum exchange_step step;
    struct credential credential;
    bool has_credential, has_principal;
    struct principal principal;

    result outcome;
    const char *reason;
    int64_t retry_after_s; /* for THROTTLED and UNAVAILABLE; 0: none */
    struct revoked revoked;
    bool is_handled; /* the handler ran: never again */

    /* STEP_LIVE: the socket by number (it may be gone), the command, the reply frame's text */
    uint64_t socket_id;
    struct str command, reply;

    bool wants_upgrade; /* GET /api/v1/live with a valid upgrade request */
    struct str upgrade_accept;
    int64_t resume_after;       /* seq the client has; -1: none */
    struct live_socket *socket; /* registered by the finish of an upgrade */

    void *transport_data; /* the loop's */
    bool is_abandoned;    /* the client is gone: finish quietly */
    int64_t began_boot_us;
};

/* What the loop does for the shard. Called on the shard's thread only. */
struct transport {
    /* The response is complete (or x->socket is registered: send 101, then shard_socket_adopt). The
     * transport calls shard_exchange_free when the bytes are out or the client is gone. */
    void (*answer)(struct transport *transport, struct exchange *exchange);
    /* Frames were queued: write what the kernel takes, keep the rest for EPOLLOUT. */
    void (*socket_flush)(struct transport *transport, struct live_socket *socket);
    /* Cut now. `code` 4401 with its reason is written only if no frame is half sent and nothing
     * from before waits in the kernel (SIOCOUTQ), else the connection is reset. When this returns,
     * shutdown or close has been called. The transport forgets the socket; the shard frees it. */
    void (*socket_cut)(struct transport *transport, struct live_socket *socket, uint16_t code,
                       struct str reason);
};

struct live_socket {
    uint64_t id;
    struct live_socket *user_next, *user_prev; /* index of (org, user) */
    struct live_socket *all_next, *all_prev;
    struct live_org *org; /* event position of the organisation on this shard */
    struct live_user *user;
    struct str session_id, connection_id, token_hash; /* owned by the socket */
    int64_t epoch;
    int64_t expires_us;
    bool is_closed;        /* cut: seen by the next slice and the next parsed frame */
    bool is_adopted;       /* the transport has it */
    int64_t delivered_seq; /* events up to here were queued */
    unsigned commands_under_way;

    struct ws_frame *queue[SOCKET_MAX_FRAMES]; /* ring of outbound frames */
    unsigned queue_first, queue_count;
    size_t queue_bytes;
    size_t first_sent; /* bytes of queue[queue_first] that the kernel has: > 0 is half sent */

    void *io; /* the transport's: descriptor, incomplete message, timers */
};

/* Where shards send work. Any pool may be shared by all shards. */
struct pools {
    struct queue
        *lanes[ROUTE_LANE_COUNT]; /* RUN_SHARD unused; RUN_REVOKING == RUN_DATABASE's queue */
};

struct shard_settings {
    unsigned number;
    int64_t bound_us;  /* T; soft = 0.7 T, hard = 0.9 T */
    size_t max_cached; /* entries of the session cache */
    unsigned max_sockets_per_user;
    const struct env *env;
    const struct pools *pools;
    struct follower *follower;
    struct transport *transport;
    struct metrics *metrics;
    const struct route_list *routes;
    const struct messaging *messaging;
    struct identity *identity;
    struct provisioning *provisioning;
};

struct shard *shard_new(const struct shard_settings *settings);
/* After the threads have ended and the mailbox is drained. */
void shard_free(struct shard **shard);
struct mailbox *shard_mailbox(struct shard *shard);
const struct env *shard_env(const struct shard *shard);

/* Exchanges ----------------------------------------------------------------------------------- */

struct exchange *shard_exchange_new(struct shard *shard);
void shard_exchange_free(struct exchange **exchange);
/* The headers are there, the body is not: route, authentication shape, body limit, rate, admission.
 * False: x->response is a complete refusal and the body is not wanted. */
bool shard_exchange_admit(struct shard *shard, struct exchange *exchange);
/* The request is complete. Ends in transport->answer, now or later. */
void shard_exchange_begin(struct shard *shard, struct exchange *exchange);
/* The client went away while the exchange is at a worker. */
void shard_exchange_abandon(struct exchange *exchange);

/* Live sockets -------------------------------------------------------------------------------- */

/* After 101: the transport has the descriptor; the shard queues hello and what was missed. If the
 * socket was cut in between it is closed at once. */
void shard_socket_adopt(struct shard *shard, struct live_socket *socket);
/* One complete text message came in. */
void shard_socket_command(struct shard *shard, struct live_socket *socket, struct str text);
/* The peer is gone or broke a rule; the transport has closed the descriptor. Frees the socket at
 * the end of the pass. */
void shard_socket_gone(struct shard *shard, struct live_socket *socket);
/* The transport sent frames: forget them. */
void shard_socket_sent(struct shard *shard, struct live_socket *socket, size_t bytes);
/* Queues a frame (takes a reference of its own); over the limits: cuts with 4409. */
void shard_socket_queue(struct shard *shard, struct live_socket *socket, struct ws_frame *frame);
size_t shard_socket_count(const struct shard *shard);

/* Steps --------------------------------------------------------------------------------------- */

/* Drains the control lane, then completions and event batches, then one fan-out slice. True when
 * fan-out is left: call again without waiting. */
bool shard_step(struct shard *shard);
/* Boot time of the shard's next timer: fence, pings are the transport's. INT64_MAX: none. */
int64_t shard_next_timer_us(const struct shard *shard);
/* Stop: refuse new exchanges with 503, close sockets with 1012 in slices; true when all is closed
 * and no exchange is under way. */
bool shard_drain(struct shard *shard);
