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
#include "gateway/index.h"
#include "gateway/kept_principal.h"
#include "gateway/route.h"
#include "identity/principal.h"
#include "messaging/call.h"
#include "messaging/revocation.h"

enum {
    FANOUT_SLICE = 256,     /* sends between two looks at the control lane */
    SOCKET_MAX_FRAMES = 32, /* queued per socket; more: 4409 */
    SOCKET_MAX_QUEUED_BYTES = 64 * 1024,
    SOCKET_MAX_COMMANDS = 8, /* of one socket at the workers */
    EXCHANGE_MAX_CHECKS = 3,
    SHARD_MAX = 64, /* shards of a process */
};

enum live_close {
    LIVE_CLOSE_RESTART = 1012,
    LIVE_CLOSE_LATER = 1013,
    LIVE_CLOSE_REVOKED = 4401,
    LIVE_CLOSE_RESYNC = 4409,
    LIVE_CLOSE_TOO_MANY = 4429,
};

struct shard;
struct follower;
struct dead_man;
struct live_socket;
struct metrics;

/* Taken before a read that decides something. */
struct ticket {
    uint64_t applied_count;
    int64_t taken_boot_us;
};

enum exchange_step {
    STEP_CHECK,  /* check the credential only */
    STEP_HANDLE, /* check unless a principal is known, then run the handler */
    STEP_LIVE,   /* a command of a live socket: as STEP_HANDLE, nothing is checked */
    STEP_RECHECK /* is this idle socket's credential still good? */
};

/* What a letter is: second member, behind `struct letter`, of everything that is posted to a
 * worker's queue, a shard's mailbox or the follower's. */
enum work_kind {
    WORK_EXCHANGE,
    WORK_CHORE,
    WORK_APPLY,
    WORK_EVENTS,
    WORK_CAUGHT_UP,
    WORK_HINT,
    WORK_WATCH,
    WORK_BUS,
    WORK_REPAIRED,
    WORK_NOTICE
};

struct work {
    struct letter letter; /* first */
    enum work_kind kind;
};

/* One request and its answer, from the last body byte to the first byte out. Owned by the shard,
 * lent to a worker, then to the follower while a barrier is open, always through mailboxes. */
struct exchange {
    struct work work; /* first */
    struct shard *shard;
    struct arena *arena;
    const struct route *route; /* set by shard_exchange_admit */
    struct http_request request;
    struct http_response response;
    bool is_head; /* of a GET route: the transport sends no body */

    struct ticket ticket;
    unsigned checks;
    enum exchange_step step;
    struct credential credential;
    bool has_credential, has_principal, is_checked; /* is_checked: by a worker, not yet kept */
    struct principal principal;
    struct kept_principal *kept; /* what `principal` points into; NULL: into the arena */

    result outcome;
    const char *reason;
    int64_t retry_after_s; /* for THROTTLED and UNAVAILABLE; 0: none */
    struct revoked revoked;
    struct live_notice notice; /* of a command: for the other sockets */
    bool is_handled;           /* the handler ran: never again */

    /* STEP_LIVE, STEP_RECHECK: the socket by number (it may be gone) and the command's id. The
     * command is request.body, the reply response.body. */
    uint64_t socket_id;
    struct str command_id;

    /* GET /api/v1/live with a valid upgrade request: set by the transport between admit and begin
     */
    bool wants_upgrade;
    struct str upgrade_accept;
    int64_t resume_after;       /* seq the client has; -1: none */
    struct live_socket *socket; /* registered by the finish of an upgrade */

    void *transport_data; /* the loop's */
    bool is_abandoned;    /* the client is gone: finish quietly */
    bool is_away;         /* at a worker or the follower */
    bool is_answered;     /* transport->answer was called */
    int64_t began_boot_us;
};

/* What the loop does for the shard. Called on the shard's thread only. */
struct transport {
    /* The response is complete (or x->socket is registered: send 101, then shard_socket_adopt). The
     * transport calls shard_exchange_free when the bytes are out or the client is gone. */
    void (*answer)(struct transport *transport, struct exchange *exchange);
    /* Frames were queued: write what the kernel takes, keep the rest for EPOLLOUT. May call
     * shard_socket_gone. */
    void (*socket_flush)(struct transport *transport, struct live_socket *socket);
    /* Cut now. `code` with its reason is written only if shard_socket_may_say_why, else the
     * connection is reset. When this returns, shutdown or close has been called. The transport
     * forgets the socket; the shard frees it at the end of the pass. Not adopted yet (is_adopted
     * false, the connection still belongs to socket->opening and its 101 may be on the way): shut
     * that connection's descriptor down in both directions. */
    void (*socket_cut)(struct transport *transport, struct live_socket *socket, uint16_t code,
                       struct str reason);
    /* Revocations were applied: answers that are still on their way out and whose caller does not
     * stand any more (shard_exchange_stands) are cut before this returns. NULL: answers leave
     * whole. */
    void (*revoked)(struct transport *transport);
};

struct live_socket {
    uint64_t id;
    struct index_link by_id, by_credential, by_connection;
    struct live_socket *user_next, *user_prev; /* sockets of one person */
    struct live_socket *org_next, *org_prev;   /* sockets of one organisation, oldest first */
    struct live_socket *wheel_next, **wheel_slot;
    struct live_org *org;
    struct live_user *user;
    struct kept_principal *kept;
    struct exchange *opening; /* until adopted */
    int64_t expires_us;       /* wall clock */
    bool is_closed;           /* cut: seen by the next slice and the next parsed frame */
    bool is_adopted;          /* the transport has it */
    bool is_buried;
    bool is_rechecking;
    /* Not in the fan-out yet: waits for the organisation's position, or for missed events. */
    bool is_waiting, is_catching_up, is_reading;
    uint16_t close_code; /* refused before it was adopted; 0: none */
    unsigned commands_under_way;
    int64_t typing_boot_us; /* of the last "typing"; 0: never */
    int64_t resume_after;   /* what the client has when it came back; -1: nothing */
    int64_t delivered_seq;  /* events up to here were queued, or are not for this socket */

    struct ws_frame **queue; /* ring of outbound frames; NULL while it is empty */
    unsigned queue_first, queue_count;
    size_t queue_bytes;
    size_t first_sent; /* bytes of queue[queue_first] that the kernel has: > 0 is half sent */

    void *io; /* the transport's: descriptor, incomplete message, timers; NULL before adoption */
};

/* Where shards send work. Any pool may be shared by all shards. */
struct pools {
    struct queue
        *lanes[ROUTE_LANE_COUNT]; /* RUN_SHARD unused; RUN_REVOKING == RUN_DATABASE's queue */
};

struct shard_settings {
    unsigned number;   /* from 0, below SHARD_MAX */
    int64_t bound_us;  /* T; soft = 0.7 T, hard = 0.9 T */
    size_t max_cached; /* entries of the session cache */
    unsigned max_sockets_per_user;
    /* Requests a minute and client address on this shard, by enum route_rate; 0: no limit. */
    unsigned rate_per_minute[ROUTE_RATE_COUNT];
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
unsigned shard_number(const struct shard *shard);
/* The follower's, handed over by follower_set_shards; NULL: none. */
void shard_set_dead_man(struct shard *shard, struct dead_man *dead_man);

struct exchange *shard_exchange_new(struct shard *shard);
/* Also frees a socket that was registered and never adopted. */
void shard_exchange_free(struct exchange **exchange);
/* The headers are there, the body is not: route, authentication shape, body limit, rate, admission.
 * False: x->response is a complete refusal and the body is not wanted; transport->answer is not
 * called. */
bool shard_exchange_admit(struct shard *shard, struct exchange *exchange);
/* The request is complete. Ends in transport->answer, now (before it returns) or later. */
void shard_exchange_begin(struct shard *shard, struct exchange *exchange);
/* The client went away. At a worker: it comes back and is freed quietly; else the transport frees
 * it itself (returns false). */
bool shard_exchange_abandon(struct exchange *exchange);

/* Has nothing been revoked since that its principal hangs on? For answers that are not out yet. */
bool shard_exchange_stands(const struct shard *shard, const struct exchange *exchange);

/* After 101: the transport has the descriptor; the shard queues hello and what was missed. If the
 * socket was cut in between it is closed at once (socket_cut is called from within) and false is
 * returned: forget it. The exchange is freed by the transport as after any answer. */
bool shard_socket_adopt(struct shard *shard, struct live_socket *socket);
/* One complete text message came in. The socket may be closed when this returns. */
void shard_socket_command(struct shard *shard, struct live_socket *socket, struct str text);
/* The peer is gone or broke a rule; the transport has closed the descriptor. Frees the socket at
 * the end of the pass. */
void shard_socket_gone(struct shard *shard, struct live_socket *socket);
/* The transport sent bytes of the queued frames: forget them. */
void shard_socket_sent(struct shard *shard, struct live_socket *socket, size_t bytes);
/* Queues a frame (takes a reference of its own) without flushing; over the limits: cuts with 4409
 * and returns false. */
bool shard_socket_queue(struct shard *shard, struct live_socket *socket, struct ws_frame *frame);
/* Rule 16, for the transport's cut: no frame is half sent and the kernel holds nothing from before,
 * so a close frame may follow. Else only a reset keeps what is on its way from arriving. */
bool shard_socket_may_say_why(const struct live_socket *socket, bool has_unsent);
size_t shard_socket_count(const struct shard *shard);

/* Drains the control lane, then completions and event batches, then one fan-out slice. True when
 * fan-out is left: call again without waiting. */
bool shard_step(struct shard *shard);
/* Boot time of the shard's next timer: fence, expiry and re-checks of sockets; pings are the
 * transport's. INT64_MAX: none. */
int64_t shard_next_timer_us(const struct shard *shard);
/* True while the lease is good. */
bool shard_is_trusted(const struct shard *shard);
/* Stop: refuse new exchanges with 503, close sockets with 1012 in slices; true when all is closed
 * and no exchange is under way. Calls shard_step. */
bool shard_drain(struct shard *shard);
/* Any thread: has shard_drain returned true? */
bool shard_is_drained(const struct shard *shard);
