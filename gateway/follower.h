#pragma once
/* One per node: positions in the revocation stream and in the event streams of organisations with
 * local sockets; the lease; open barriers; the dead man. All logic is in follower_step, which never
 * blocks; the thread is `for (;;) { wait; step; }`. Rule numbers: revocation.md. */

#include "base/bus.h"
#include "base/db.h"
#include "gateway/letters.h"

struct follower;

struct messaging;
struct metrics;
struct store;

struct follower_settings {
    int64_t bound_us;
    bool has_dead_man;
    const struct env *env;
    struct store *store;
    struct metrics *metrics;
    const struct messaging *messaging; /* what lost revocations are applied again with */
    struct queue *receipts; /* where finished barriers leave the writing of their receipts, and lost
                               revocations their repair: the database workers' queue */
};

struct follower *follower_new(const struct follower_settings *settings);
void follower_free(struct follower **follower);
/* Before the first step. The shards outlive the follower. */
void follower_set_shards(struct follower *follower, struct shard *const *shards, size_t count);
struct mailbox *follower_mailbox(struct follower *follower);
/* This process run's random id (UUIDv7). */
struct str follower_instance(const struct follower *follower);

/* Any thread: an exchange whose transaction is committed; the follower posts it back to its shard
 * when the barrier opens (rules 7-10), with outcome UNAVAILABLE when the commit was lost. */
void follower_barrier(struct follower *follower, struct exchange *exchange);
/* Any thread: a local commit moved this organisation's event stream or the revocation heads. */
void follower_hint(struct follower *follower, struct str org_id);
/* A shard's thread: the shard got its first socket of an organisation (`watch`: its number of this
 * watch, returned with every letter), or lost its last (0). */
void follower_watch(struct follower *follower, struct str org_id, unsigned shard_number,
                    uint64_t watch);
/* Any thread: to the shards of this node, past the event stream: nothing waits for it, nothing
 * brings it again. */
void follower_notice(struct follower *follower, struct str org_id, struct str from,
                     const struct live_notice *notice);
/* A shard's thread: all rows of this letter are applied (rule 13). */
void follower_applied(struct follower *follower, struct apply_letter *letter);
/* A shard's thread: the letter's events are queued, or nobody wants them. */
void follower_delivered(struct follower *follower, struct events_letter *letter);

/* What to wait for beside the mailbox. */
struct follower_wait {
    int64_t until_boot_us;
    int fd;       /* -1: none */
    short events; /* POLLIN, and POLLOUT while it connects or has more to send */
};

/* One pass. */
void follower_step(struct follower *follower, struct follower_wait *ret);
/* True once joined and every shard has a lease. */
bool follower_is_ready(const struct follower *follower);
/* Any thread: why not, a literal: "database", "joining", "lost commits" …; NULL when ready. */
const char *follower_not_ready_reason(const struct follower *follower);
/* Tests inject faults into it; NULL before it was opened. */
struct db *follower_db(struct follower *follower);
/* Stop: once all shards have drained, delete the own row (rule 15). True when done. */
bool follower_leave(struct follower *follower);
/* After the threads of all shards have ended: nothing is left that the dead man would have to end.
 */
void follower_dismiss(struct follower *follower);
