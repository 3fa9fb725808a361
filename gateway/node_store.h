#pragma once
/* The table of running instances. Statements for the follower, whose calls do not block, and the
 * decoding of their rows. */

#include "base/db.h"
#include "messaging/revocation.h"

struct node_row {
    struct str instance, generation;
    int64_t beat;
    bool has_applied;
    int64_t applied[REVOCATION_PARTITIONS];
};

struct node_list {
    size_t count;
    const struct node_row *rows;
};

extern const struct statement NODE_JOIN;  /* $1 instance, $2 started_us */
extern const struct statement NODE_ALONE; /* $1 instance: deletes all others (SQLite's lock) */
/* $1 instance, $2 generation, $3 applied; one row while the own row is there */
extern const struct statement NODE_BEAT;
extern const struct statement NODE_OWN;   /* $1 instance; the same without a write */
extern const struct statement NODE_LIST;  /* no values */
extern const struct statement NODE_SWEEP; /* $1 instance, $2 the beat that was seen */
extern const struct statement NODE_LEAVE; /* $1 instance */
/* $1 partition, $2 seq, $3 id: one row while this revocation is there */
extern const struct statement NODE_REVOCATION;
extern const struct statement_list NODE_STATEMENTS;

/* "3,0,17,…": how positions are stored. */
struct str node_positions_write(struct arena *arena,
                                const int64_t positions[REVOCATION_PARTITIONS]);
/* False: not 16 numbers. */
bool node_positions_read(struct scope *scope, struct str text, int64_t ret[REVOCATION_PARTITIONS]);
void node_decode(struct scope *scope, const struct rows *rows, struct node_list *ret);
