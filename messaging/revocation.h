#pragma once
/* The revocation stream: 16 ordered partitions by hash of the organisation, for the whole
 * installation. The row is the last statement of a revoking transaction (revocation.md rule 1). */

#include <stdint.h>

#include "base/db.h"

enum { REVOCATION_PARTITIONS = 16, REVOCATION_PAGE = 500 };

enum revocation_kind {
    REVOKED_USER,
    REVOKED_SESSION,
    REVOKED_TOKEN,
    REVOKED_CONNECTION,
    REVOKED_ORG,
    REVOCATION_KIND_COUNT
};

struct revocation {
    int partition;
    int64_t seq;
    struct str id; /* UUIDv7, also the receipt's id */
    struct str org_id;
    enum revocation_kind kind;
    struct str subject; /* id of the user, session, token, connection; empty for the organisation */
    int64_t epoch;      /* user: what has a smaller epoch is dead; else 0 */
    struct str reason;  /* of close code 4401: "user.deactivated" … */
    struct str origin;  /* instance that committed; empty: command line */
};

struct revocation_page {
    size_t count;
    struct revocation *rows;
};

/* What a handler leaves behind for the barrier in front of its answer. */
struct revoked {
    bool is_set;
    int partition;
    int64_t seq;
    struct str id; /* of the row */
    struct str org_id;
    struct str generation;     /* of the database the commit went to */
    int64_t committed_boot_us; /* t0: when the commit was confirmed, CLOCK_BOOTTIME */
};

extern const struct statement_list REVOCATION_STATEMENTS;

/* SHA-256(org_id)[0] & 15; never changed. */
int revocation_partition(struct scope *scope, struct str org_id);
/* Fills partition and seq of `row`, and its id when that is empty. The last statement before the
 * commit but for the position in the person's own row. */
RESULT revocation_append(struct scope *scope, struct tx *tx, struct revocation *row);
/* The follower's poll. */
RESULT revocation_heads(struct scope *scope, struct db *db, int64_t ret[REVOCATION_PARTITIONS]);
RESULT revocation_read(struct scope *scope, struct db *db, int partition, int64_t after,
                       struct revocation_page *ret);
/* The statements behind these two, for calls that do not block, and the decoding of their rows. */
extern const struct statement REVOCATION_HEADS; /* no values: partition, seq */
extern const struct statement REVOCATION_READ;  /* $1 partition, $2 after, $3 limit */
RESULT revocation_decode_heads(struct scope *scope, const struct rows *rows,
                               int64_t ret[REVOCATION_PARTITIONS]);
RESULT revocation_decode(struct scope *scope, const struct rows *rows, struct revocation_page *ret);
/* A follower whose position is below this one has missed rows (rule 14). */
RESULT revocation_oldest(struct scope *scope, struct db *db, int partition, int64_t *ret_seq);
/* Deletes rows older than `before_us` and remembers the oldest kept position. */
RESULT revocation_trim(struct scope *scope, struct db *db, int64_t before_us);
/* Is this row in the history that the database has now, or was it trimmed from it? */
RESULT revocation_is_there(struct scope *scope, struct db *db, const struct revocation *row,
                           bool *ret);
