#pragma once
/* What the files of the shard's core share; nobody else includes this. Shard thread only. */

#include <stdatomic.h>

#include "gateway/dead_man.h"
#include "gateway/letters.h"
#include "gateway/rate.h"
#include "gateway/ring.h"
#include "gateway/session_cache.h"
#include "gateway/shard.h"
#include "gateway/worker.h"

enum {
    SPARE_ARENAS = 16,
    PUT_OFFS_MOST = 2,  /* one for the acknowledgement, one for the answer */
    WHEEL_SLOTS = 128,  /* seconds; longer than RECHECK_S */
    RECHECK_S = 60,     /* an idle socket's credential, and a cached one's longest life */
    MISSED_PAGE = 16,   /* events of a socket that catches up, at a time */
    MISSED_MOST = 1000, /* further behind: resync */
};

struct live_user {
    struct index_link link;
    struct str org_id, id; /* owned */
    struct live_socket *sockets;
    unsigned count;
};

/* An organisation with sockets on this shard, and the fan-out of its events. */
struct live_org {
    struct index_link link;
    struct str id; /* owned */
    struct live_socket *first, *last;
    size_t count;
    int64_t position; /* events up to here are queued; -1: the follower has not said */
    uint64_t watch;   /* what letters must carry to be meant for it */
    struct events_letter *letters, **letters_end;
    bool is_active, is_blocked; /* in the list of those with letters; waits for its vector */
    bool is_dead;
    struct live_org *active_next;
    /* Inside the first letter: events [run_first, run_end) go to `at_socket`, or, when it is one
     * event for named people, to the at_person-th of them. */
    bool is_running;
    size_t run_first, run_end;
    struct live_socket *at_socket;
    size_t at_person;
};

/* A page of missed events of one socket: to a worker, and back. */
struct catch_up {
    struct chore chore;    /* first; on its way back WORK_CAUGHT_UP */
    struct catch_up *next; /* waits for its vector */
    struct mailbox *to;
    uint64_t socket_id;
    struct arena *arena;
    struct live_batch batch;
    bool is_failed;
};

struct shard {
    struct shard_settings set;
    struct mailbox *mailbox;
    struct dead_man *dead_man;
    struct session_cache *cache;
    struct rate_table *rates;

    struct ring ring;
    int64_t applied[REVOCATION_PARTITIONS];
    int64_t lease_us; /* boot time: every revocation committed before is applied (I1) */
    int64_t soft_us;
    bool is_fenced, is_bus_gone, is_draining;
    atomic_bool is_drained;            /* read by the follower */
    size_t away;                       /* exchanges at workers or the follower */
    struct arena *spare[SPARE_ARENAS]; /* of exchanges that are over, wiped */
    size_t spare_count;

    struct index sockets, by_credential, by_connection, users, orgs;
    size_t socket_count;
    uint64_t last_socket_id;
    struct live_socket *graveyard;
    struct live_org *dead_orgs;
    uint64_t last_watch;
    struct live_socket *wheel[WHEEL_SLOTS];
    int64_t wheel_second; /* all slots up to here were looked at */
    struct live_org *active_first, **active_end;
    bool is_urgent;    /* a revocation was applied or came back in this step */
    unsigned put_offs; /* steps in a row that let it pass before the fan-out */
    struct catch_up *uncovered;
};

int64_t shard_now(const struct shard *shard);
/* Rule 17, at every decision: true when the lease is good; else the shard is fenced. */
bool shard_decide(struct shard *shard);
struct ticket shard_ticket(const struct shard *shard);
bool shard_covers(const struct shard *shard, const int64_t vector[REVOCATION_PARTITIONS]);

/* shard_exchange.c */
void shard_exchange_back(struct shard *shard, struct exchange *exchange);
/* False: the queue is full. */
bool shard_push(struct shard *shard, struct exchange *exchange, enum route_lane lane);
/* live.c */
void live_open(struct shard *shard);
void live_close(struct shard *shard);
/* Rule 18: registers a socket for the exchange's principal. */
RESULT live_register(struct scope *scope, struct shard *shard, struct exchange *exchange);
void live_cut(struct shard *shard, struct live_socket *socket, uint16_t code, struct str reason);
void live_cut_some(struct shard *shard, size_t most, uint16_t code, struct str reason);
void live_cut_all(struct shard *shard, uint16_t code, struct str reason);
/* Cuts what the revocation names; the number of sockets. */
int64_t live_revoke(struct shard *shard, const struct revocation *row);
struct live_socket *live_find(const struct shard *shard, uint64_t id);
struct live_user *live_user_find(const struct shard *shard, struct str org_id, struct str id);
struct live_org *live_org_find(const struct shard *shard, struct str org_id);
void live_queue_text(struct shard *shard, struct live_socket *socket, struct str text);
void live_flush(struct shard *shard, struct live_socket *socket);
void live_bury(struct shard *shard);

/* live_timer.c */
void live_timer_set(struct shard *shard, struct live_socket *socket);
void live_timer_clear(struct live_socket *socket);
void live_timers_run(struct shard *shard);
void live_recheck_done(struct shard *shard, struct exchange *exchange);

/* live_command.c */
void live_command_done(struct shard *shard, struct exchange *exchange);

/* live_catch_up.c */
/* Says hello as soon as the organisation's position is known. */
void live_greet(struct shard *shard, struct live_socket *socket);
void live_catch_up_next(struct shard *shard, struct live_socket *socket);
void live_caught_up(struct shard *shard, struct catch_up *page);
/* Positions moved: what waited for them may go on. */
void live_covered(struct shard *shard);

/* live_notice.c */
/* To the audience's sockets here, but not to whom it is about nor to who is behind; frees it. */
void live_notice(struct shard *shard, struct notice_letter *letter);

/* live_fanout.c */
void live_events(struct shard *shard, struct events_letter *letter);
/* One slice; true when some is left. */
bool live_fanout(struct shard *shard);
/* Where a socket that joins now starts: everything up to here is history. */
int64_t live_reach(const struct live_org *org);
/* Gives the letters back. */
void live_fanout_drop(struct shard *shard, struct live_org *org);
void live_fanout_forget(struct live_socket *socket);
