#pragma once
/* A world: one or more nodes without threads, on one database, with one clock that moves when told.
 * The steps are those of the product; connections and the kernel below them are played. Everything
 * happens in world_pump, on order and repeatably. */

#include "base/bus.h"
#include "gateway/follower.h"
#include "gateway/metric.h"
#include "gateway/node_store.h"
#include "gateway/shard.h"
#include "gateway/tables.h"
#include "gateway/worker.h"
#include "identity/identity.h"
#include "provisioning/provisioning.h"
#include "tests/messaging/given.h"

enum {
    WORLD_MAX_NODES = 3,
    WORLD_MAX_SHARDS = 2,
    WORLD_FRAMES = 64,
    WORLD_FRAME_BYTES = 400,
    CLOSED_RESET = 1006 /* the connection was reset: no close frame was possible */
};

/* The client's end of a live connection. */
struct peer {
    struct peer *next;
    struct live_socket *socket; /* NULL: closed */
    struct node *node;
    unsigned shard;
    bool is_open;
    int close_code; /* 0: open */
    char close_reason[64];
    size_t room;     /* bytes that the kernel takes; SIZE_MAX: all */
    bool has_unsent; /* the kernel holds bytes from before */
    size_t frame_count;
    char frames[WORLD_FRAMES][WORLD_FRAME_BYTES];
};

/* The client's end of a request. */
struct reply {
    struct reply *next;
    struct exchange *exchange; /* NULL: over */
    struct node *node;
    bool is_answered, is_ready; /* is_ready: the transport has yet to take it */
    int status;
    const char *code; /* reason */
    struct str body;  /* in the world's arena */
    struct peer *peer;
};

struct world_transport {
    struct transport transport; /* first */
    struct node *node;
    unsigned shard;
};

/* The node's follower sees the world's clock through this: something may happen at a reading. */
struct node_clock {
    struct clock clock; /* first */
    struct node *node;
};

struct node {
    struct world *world;
    unsigned number;
    bool is_running;
    /* Parts that stand still until told otherwise. */
    bool is_follower_stalled, is_worker_stalled, is_shard_stalled[WORLD_MAX_SHARDS];
    bool is_adoption_stalled; /* 101 is on its way */
    struct env env, follower_env;
    struct node_clock clock;
    /* Called at the n-th reading of the follower's clock from now; 0: never. */
    int readings_until;
    void (*at_reading)(struct node *node);

    struct queue *queue;
    struct pools pools;
    struct messaging messaging;
    struct follower *follower;
    struct worker *worker;
    unsigned shard_count;
    struct shard *shards[WORLD_MAX_SHARDS];
    struct world_transport transports[WORLD_MAX_SHARDS];
    struct follower_wait follower_wait;
    struct metrics *metrics;
};

struct world {
    const struct route_list *routes;
    struct database *d;
    struct scope *scope;
    struct fixture *fixture;
    struct bus *bus;
    bool is_bus_silent; /* drops everything and says so */
    bool is_bus_lossy;  /* drops everything, unnoticed */
    bool is_bus_doubling;
    struct bus *inner_bus;
    struct bus own_bus;
    struct identity identity;
    struct provisioning provisioning;
    struct table_storage tables;
    struct table_registry registry;
    struct node nodes[WORLD_MAX_NODES];
    struct peer *peers;
    struct reply *replies;
    int64_t bound_us;
    struct company acme, other;
    void *scratch;
};

enum { NODE_1, NODE_2, NODE_3 };

/* cmocka's state of ON_BOTH in, a world with running nodes out; world_close in the same test. */
struct world *world_open(void **state, unsigned nodes, unsigned shards);
/* The same with other routes than the world's own. */
struct world *world_open_with(void **state, const struct route_list *routes, unsigned shards);
void world_close(struct world *world);
void node_start(struct world *world, unsigned number, unsigned shards);
/* Steps everything that is not stalled until nothing moves. */
void world_pump(struct world *world);
/* In small steps, pumping. */
void world_pass(struct world *world, int64_t us);
/* Just the clock. */
void world_jump(struct world *world, int64_t boot_us, int64_t wall_us);
void shard_pump(struct node *node, unsigned shard);
void worker_pump(struct node *node);
void follower_pump(struct node *node);

/* A signed-in person. */
struct person {
    struct user user;
    struct str cookie; /* the Cookie header */
    struct str csrf, session_id;
};
struct person given_person(struct world *world, const struct company *company, const char *name,
                           enum role role);
struct person given_boss(struct world *world, const struct company *company);
/* Another session of somebody. */
struct person signed_in(struct world *world, const struct user *user);
/* The Authorization header of a fresh token. */
struct str given_token(struct world *world, enum credential_kind kind, const struct user *owner);

struct ask {
    const struct person *who; /* cookie and CSRF header */
    struct str bearer;        /* or this */
    enum http_method method;
    const char *path; /* with %s for `arg` */
    struct str arg;
    const char *body;
    unsigned shard;
    bool is_upgrade;
    const char *query;
    const char *content_type;
};
/* Begins; is_answered may be set already. */
struct reply *ask_begin(struct world *world, unsigned node, const struct ask *ask);
/* Begins and pumps until nothing moves. */
struct reply *ask(struct world *world, unsigned node, const struct ask *ask);

struct reply *get_me(struct world *world, unsigned node, const struct person *who);
struct reply *deactivate(struct world *world, unsigned node, const struct person *admin,
                         const struct user *leaver);
struct reply *deactivate_begin(struct world *world, unsigned node, const struct person *admin,
                               const struct user *leaver);
struct reply *scim_deactivate(struct world *world, unsigned node, struct str bearer,
                              const struct user *leaver);
struct reply *reactivate(struct world *world, unsigned node, const struct person *admin,
                         const struct user *back);
struct peer *connect_socket(struct world *world, unsigned node, const struct person *who);
struct reply *connect_begin(struct world *world, unsigned node, unsigned shard,
                            const struct person *who);
/* The client sends one text message. */
void peer_sends(struct peer *peer, const char *text);
bool peer_has(const struct peer *peer, const char *part);
struct reply *say(struct world *world, unsigned node, const struct person *who, const char *text);

/* As another node, or a command line, or a node that died right after its commit. */
struct revoked committed_elsewhere(struct world *world, const struct user *leaver);
struct str general_of(struct world *world, const struct user *user);
void said_elsewhere(struct world *world, const struct user *who, const char *text);
void said_directly(struct world *world, const struct user *who, const struct user *to,
                   const char *text);
void given_ghost(struct world *world, const char *instance); /* a row of table node */
int64_t nodes_listed(struct world *world);

#define assert_status(reply_, status_)                                                             \
    do {                                                                                           \
        const struct reply *const assert_reply_ = (reply_);                                        \
        assert_true(assert_reply_->is_answered);                                                   \
        if (assert_reply_->status != (status_)) {                                                  \
            fail_msg("status %d (%s), wanted %d", assert_reply_->status,                           \
                     assert_reply_->code == NULL ? "-" : assert_reply_->code, (int) (status_));    \
        }                                                                                          \
    } while (0)
#define assert_closed(peer_, code_)                                                                \
    do {                                                                                           \
        assert_false((peer_)->is_open);                                                            \
        assert_int_equal((peer_)->close_code, (code_));                                            \
    } while (0)
