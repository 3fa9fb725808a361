#pragma once
/* Exchanges that wait until every instance which may hold something of the revoked has
 * acknowledged, or until the bound has passed (revocation.md rules 7-10, 13). Decides only: reads,
 * acknowledgements and the time come in, exchanges that may be answered come out. Follower's
 * thread. */

#include "gateway/node_store.h"
#include "gateway/shard.h"

enum barrier_end {
    BARRIER_ACKNOWLEDGED, /* by all */
    BARRIER_BOUND,        /* the bound has passed since the commit: no lease is as old */
    BARRIER_LOST          /* the commit is gone: 503 */
};

struct barrier_ack {
    struct str instance;
    int64_t after_us; /* since the commit; -1: never */
};

struct barrier {
    struct barrier *next;
    struct exchange *exchange;
    struct str generation;
    int64_t since_boot_us; /* t0 */
    bool has_list, is_questioned;
    size_t waiting; /* instances that have not acknowledged */
    size_t ack_count;
    struct barrier_ack *acks; /* the list of instances */
    int64_t sockets;          /* cut on this node */
};

struct barriers;

struct barriers *barriers_new(int64_t bound_us);
void barriers_free(struct barriers **barriers);
void barriers_add(struct barriers *barriers, struct exchange *exchange);
/* Keeps the maximum per instance, generation and position: loss, repeats, disorder do no harm. */
void barriers_acknowledge(struct barriers *barriers, struct str instance, struct str generation,
                          const int64_t positions[REVOCATION_PARTITIONS], int64_t now_boot_us);

struct barrier_read {
    struct str generation;
    const int64_t *heads;
    const struct node_list *nodes; /* of the same or a later snapshot than the heads */
    int64_t now_boot_us;
};
/* What a read of the database says: lists for those that have none, positions in node rows, a
 * changed generation. */
void barriers_read(struct barriers *barriers, const struct barrier_read *read);
/* One whose generation is not the database's any more; NULL: none. */
struct barrier *barriers_questioned(struct barriers *barriers);
/* The answer: is its row in the new history? */
void barriers_question_answered(struct barriers *barriers, struct barrier *barrier, bool is_there,
                                struct str generation, int64_t now_boot_us);
/* All that wait are lost (heads went back). */
void barriers_lose_all(struct barriers *barriers);
/* `row` was applied on this node and cut so many sockets. */
void barriers_cut(struct barriers *barriers, int partition, int64_t seq, int64_t sockets);
/* Takes one out that has ended; NULL: none. */
struct barrier *barriers_take_ended(struct barriers *barriers, int64_t now_boot_us,
                                    enum barrier_end *ret);
/* Is one waiting for its list? */
bool barriers_want_read(const struct barriers *barriers);
/* Marks the partitions of those that wait for their list. */
void barriers_hint(const struct barriers *barriers, bool ret[REVOCATION_PARTITIONS]);
/* When the next one ends by itself; INT64_MAX: none. */
int64_t barriers_next_us(const struct barriers *barriers);
