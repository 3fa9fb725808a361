#pragma once
/* What the files of the follower share. Follower's thread only, but for the mailbox and `reason`.
 */

#include <stdatomic.h>

#include "gateway/barrier.h"
#include "gateway/dead_man.h"
#include "gateway/follower.h"
#include "gateway/index.h"

enum {
    CALL_MOST_STEPS = 40,
    BATCHES_MOST = 8,      /* on their way to the shards; more: no new beat, the lease ends */
    STREAMS_OF_A_CALL = 8, /* event streams read at a time */
    STREAM_PAGE = 200,
    STREAM_LETTERS_MOST = 4, /* of one stream at the shards */
    FOREIGN_MOST = 256,
    MEMORY_ROWS = 4096, /* as many as the ring of a shard holds */
    MEMORY_TEXT = 48,   /* ids; longer ones cannot be remembered */
};

enum phase {
    PHASE_JOIN,  /* the own row is not written */
    PHASE_FIRST, /* it is; the heads were never read (rule 11) */
    PHASE_RUN,
    PHASE_REPAIR, /* another history, or commits were lost: first what is remembered (rule 14) */
    PHASE_LEAVE,
    PHASE_LEFT
};

enum call_kind {
    CALL_JOIN,
    CALL_BEAT, /* heads, generation, nodes; renews the lease */
    CALL_READ, /* the same between beats, renews nothing */
    CALL_PAGES,
    CALL_EVENTS,
    CALL_QUESTION,
    CALL_SWEEP,
    CALL_LEAVE
};

/* An organisation whose events somebody here wants. */
struct stream {
    struct index_link link;
    struct str org_id; /* owned */
    uint64_t *watches; /* per shard; 0: not watched */
    bool *is_started;  /* per shard: knows its starting position */
    int64_t position;  /* -1: unknown */
    uint64_t number;   /* tells it from an earlier watch of the same organisation */
    size_t letters;    /* at the shards */
    bool is_dirty, is_dead;
    bool is_called; /* in the call that is under way */
    bool is_held;   /* dirty again, when the call ends or a letter comes back */
    struct stream *dirty_next;
};

/* One conversation with the database, and what it was started with. */
struct follower_call {
    struct db_call *call; /* NULL: idle */
    enum call_kind kind;
    struct scope scope; /* arena of this call */
    int64_t sent_us, deadline_us;
    size_t step_count;
    struct db_step steps[CALL_MOST_STEPS];
    size_t own_step, heads_step, generation_step, nodes_step; /* CALL_BEAT, CALL_READ */
    size_t first_page_step, page_count;
    int page_partitions[REVOCATION_PARTITIONS];
    size_t stream_count;
    struct stream *streams[STREAMS_OF_A_CALL];
    struct barrier *question; /* NULL: it has ended meanwhile */
};

/* A foreign row, to see whether its beat stands still. */
struct foreign {
    char instance[64];
    size_t len;
    int64_t beat, since_boot_us;
    bool is_here;
};

/* What was read and not yet posted: rows up to the heads of one beat or read. */
struct fetch {
    bool is_open;
    struct arena *arena;
    int64_t lease_us;
    int64_t heads[REVOCATION_PARTITIONS];
    size_t count, capacity;
    struct revocation *rows;
};

/* A revocation that was read: what it takes to say it again. */
struct remembered {
    int partition;
    int64_t seq, epoch;
    enum revocation_kind kind;
    unsigned char id_len, org_len, subject_len;
    char id[MEMORY_TEXT], org_id[MEMORY_TEXT], subject[MEMORY_TEXT];
};

struct follower {
    struct follower_settings set;
    struct mailbox *mailbox;
    struct arena *arena; /* ids of this process's life */
    struct str instance, generation;
    struct shard **shards;
    size_t shard_count;
    struct dead_man *dead_man;

    struct db *db;
    enum phase phase;
    struct follower_call at;
    struct fetch fetch;
    int64_t positions[REVOCATION_PARTITIONS]; /* last row fetched */
    int64_t known[REVOCATION_PARTITIONS];     /* highest head of this generation (I7) */
    int64_t acked[REVOCATION_PARTITIONS];     /* all shards are done */
    bool hinted[REVOCATION_PARTITIONS];
    bool wants_read, wants_beat, is_bus_gone, prefers_events, has_lease, is_generation_known,
        has_beat_failed;
    int64_t next_beat_us, next_read_us, next_try_us, next_stream_round_us;
    int64_t lease_us;       /* that all shards have */
    int64_t leave_until_us; /* PHASE_LEAVE */
    uint64_t batch_number;
    unsigned batches;
    struct barriers *barriers;
    struct receipt_chore *receipts; /* waiting for room in the queue */
    bool is_repairing;              /* a worker has it */
    int64_t next_repair_us;
    size_t memory_at, memory_count;
    struct remembered memory[MEMORY_ROWS];

    uint64_t stream_number;
    struct index streams;
    struct stream *dirty_first, **dirty_end;
    size_t foreign_count;
    struct foreign foreign[FOREIGN_MOST];

    _Atomic(const char *) reason; /* why not ready; NULL: ready */
};

int64_t follower_now(const struct follower *follower);
struct scope follower_scope(const struct follower *follower, struct arena *arena);

/* follower.c */
/* Rule 14: everything here stands for nothing any more; a new instance joins. */
void follower_reset(struct follower *follower, enum phase phase, const char *reason);
void follower_not_ready(struct follower *follower, const char *reason);

/* follower_call.c */
/* Starts the most urgent call that is due; false: nothing to do. */
bool follower_call_start(struct follower *follower, int64_t now);
/* True: it has ended. */
bool follower_call_go_on(struct follower *follower, int64_t now);
void follower_call_drop(struct follower *follower);
void follower_call_failed(struct follower *follower);
int64_t follower_call_next_us(const struct follower *follower);
void follower_add_step(struct follower *follower, const struct statement *statement,
                       struct values values);

/* follower_fetch.c */
void follower_heads_done(struct follower *follower, int64_t now);
void follower_pages_done(struct follower *follower);
void follower_add_page_steps(struct follower *follower, const bool wanted[REVOCATION_PARTITIONS]);
bool follower_wants_pages(const struct follower *follower, bool ret[REVOCATION_PARTITIONS]);
void follower_fetch_drop(struct follower *follower);
void follower_post(struct follower *follower, bool is_reset);
void follower_batch_back(struct follower *follower, struct apply_letter *letter);

/* follower_stream.c */
void follower_streams_open(struct follower *follower);
void follower_streams_close(struct follower *follower);
void follower_streams_reset(struct follower *follower);
void follower_stream_watch(struct follower *follower, struct str org_id, unsigned shard_number,
                           uint64_t watch);
void follower_stream_dirty(struct follower *follower, struct str org_id);
void follower_streams_all_dirty(struct follower *follower);
bool follower_streams_want(const struct follower *follower);
void follower_streams_steps(struct follower *follower);
void follower_streams_done(struct follower *follower);
void follower_streams_failed(struct follower *follower);
void follower_events_back(struct follower *follower, struct events_letter *letter);

/* follower_end.c */
/* Answers every barrier that has ended. */
void follower_end_barriers(struct follower *follower, int64_t now);
void follower_push_receipts(struct follower *follower);
void follower_drop_receipts(struct follower *follower);

/* follower_repair.c */
void follower_remember(struct follower *follower, const struct revocation *row);
/* PHASE_REPAIR: hands what is remembered to a worker. */
void follower_push_repair(struct follower *follower, int64_t now);
void follower_repaired(struct follower *follower, struct letter *letter);
