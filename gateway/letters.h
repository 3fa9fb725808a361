#pragma once
/* What the follower and the shards post to each other. The follower allocates, the shard hands the
 * same letter back when it is done, the follower frees: no counts are shared between threads. */

#include "base/bus.h"
#include "gateway/shard.h"

/* A step in the revocation stream, the same for all shards. Follower only writes, before posting.
 */
struct apply_batch {
    struct arena *arena;
    uint64_t number;
    const struct revocation *rows;
    size_t count;
    int64_t positions[REVOCATION_PARTITIONS]; /* after these rows */
    int64_t lease_us;                         /* s of a committed beat; 0: renews nothing */
    bool is_reset;                            /* rule 14: void tickets, drop everything first */
    bool is_bus_gone; /* hints cannot be relied on: ask the database, not the cache */
    /* The follower's: who acknowledges, letters not back yet, sockets cut per row. */
    struct str instance, generation;
    unsigned outstanding;
    int64_t *cut_sockets;
};

struct apply_letter {
    struct work work; /* first; WORK_APPLY */
    struct apply_batch *batch;
    unsigned shard_number;
    int64_t *cut_sockets; /* per row, written by the shard */
};

/* One event of an organisation, ready for the wire. */
struct live_event {
    int64_t seq;
    struct str text; /* the frame's JSON */
    bool is_org_wide;
    size_t audience_count;
    const struct str *audience; /* user ids */
};

/* What a stream brought: `vector` is from the same or a later snapshot (rule 20). */
struct live_batch {
    struct arena *arena;
    struct str org_id;
    int64_t after, head; /* first batch of a watch: no events, head is the starting position */
    bool is_start;
    size_t count;
    const struct live_event *events;
    int64_t vector[REVOCATION_PARTITIONS];
    uint64_t stream_number; /* the follower's */
    unsigned outstanding;
    struct events_letter **letters;
};

struct events_letter {
    struct work work; /* first; WORK_EVENTS */
    struct live_batch *batch;
    unsigned shard_number;
    uint64_t watch;           /* the shard's number of this watch */
    struct ws_frame **frames; /* the shard's: one per event, made when first needed */
    struct events_letter *next_of_org;
};

/* One for each shard, freed by it. */
struct notice_letter {
    struct work work; /* first; WORK_NOTICE */
    struct str org_id, from;
    struct live_notice notice;
    char bytes[]; /* behind the slices above */
};

/* Batches live in their own arena. */
static inline void apply_batch_free(struct apply_batch *batch) {
    struct arena *arena = batch->arena;
    arena_end(&arena);
}

static inline void live_batch_free(struct live_batch *batch) {
    struct arena *arena = batch->arena;
    arena_end(&arena);
}
