#include "messaging/revocation_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"

/* The head row is locked until the commit, so the order of positions is the order of commits. */
static const struct statement BUMP = {
    "revocation.bump", INSTALLATION,
    "UPDATE revocation_head SET seq = seq + 1 WHERE partition = $1 RETURNING seq", NULL};

static const struct statement INSERT_ROW = {
    "revocation.insert", INSTALLATION,
    "INSERT INTO revocation (partition, seq, id, org_id, kind, subject, epoch, reason, origin, "
    "created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    NULL};

static const struct statement OLDEST = {
    "revocation.oldest", INSTALLATION,
    "SELECT oldest_seq FROM revocation_head WHERE partition = $1", NULL};

/* A statement of its own: the next one sees every row of whoever held the lock before. */
static const struct statement LOCK = {"revocation.lock", INSTALLATION,
                                      "UPDATE revocation_head SET seq = seq WHERE partition = $1",
                                      NULL};

static const struct statement TRIM_MARK = {
    "revocation.trim_mark", INSTALLATION,
    "UPDATE revocation_head SET oldest_seq = coalesce((SELECT min(r.seq) - 1 FROM revocation r "
    "WHERE r.partition = $1 AND r.created_us >= $2), seq) WHERE partition = $1 "
    "RETURNING oldest_seq",
    NULL};

static const struct statement TRIM = {"revocation.trim", INSTALLATION,
                                      "DELETE FROM revocation WHERE partition = $1 AND seq <= $2",
                                      NULL};

const struct statement REVOCATION_HEADS = {
    "revocation.heads", INSTALLATION,
    "SELECT partition, seq FROM revocation_head ORDER BY partition", NULL};

const struct statement REVOCATION_READ = {
    "revocation.read", INSTALLATION,
    "SELECT partition, seq, id, org_id, kind, subject, epoch, reason, origin FROM revocation "
    "WHERE partition = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    NULL};

static const struct statement IS_THERE = {
    "revocation.is_there", INSTALLATION,
    "SELECT 1 FROM revocation_head h WHERE h.partition = $1 AND (h.oldest_seq >= $2 OR EXISTS ("
    "SELECT 1 FROM revocation r WHERE r.partition = $1 AND r.seq = $2 AND r.id = $3))",
    NULL};

static const struct statement *const STATEMENTS[] = {
    &IS_THERE,  &BUMP, &INSERT_ROW,       &OLDEST,          &LOCK,
    &TRIM_MARK, &TRIM, &REVOCATION_HEADS, &REVOCATION_READ,
};
const struct statement_list REVOCATION_STATEMENTS = {STATEMENTS,
                                                     sizeof STATEMENTS / sizeof *STATEMENTS};

static result insert_row(struct scope *scope, struct tx *tx, const struct revocation *row) {
    return tx_send(
        scope, tx, &INSERT_ROW,
        VALUES(value_number(row->partition), value_number(row->seq), value_text(row->id),
               value_text(row->org_id), value_text(str_from_c(revocation_kind_name(row->kind))),
               value_text(row->subject), value_number(row->epoch), value_text(row->reason),
               value_text(row->origin), value_number(clock_now_us(scope->env->clock))),
        NULL);
}

result revocation_append(struct scope *scope, struct tx *tx, struct revocation *row) {
    struct revocation filled = *row;
    filled.partition = revocation_partition(scope, row->org_id);
    if (str_is_empty(filled.id)) {
        filled.id = uuid_v7(scope);
    }
    struct rows rows;
    TRY(tx_run(scope, tx, &BUMP, VALUES(value_number(filled.partition)), &rows));
    REQUIRE(scope, rows.count == 1, INTERNAL, "revocation.head");
    filled.seq = rows_number(&rows, 0, 0);
    TRY(insert_row(scope, tx, &filled));
    *row = filled;
    return OK_RESULT;
}

result revocation_decode_heads(struct scope *scope, const struct rows *rows,
                               int64_t ret[REVOCATION_PARTITIONS]) {
    REQUIRE(scope, rows->count == REVOCATION_PARTITIONS, INTERNAL, "revocation.head");
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        REQUIRE(scope, rows_number(rows, i, 0) == (int64_t) i, INTERNAL, "revocation.head");
    }
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        ret[i] = rows_number(rows, i, 1);
    }
    return OK_RESULT;
}

result revocation_heads(struct scope *scope, struct db *db, int64_t ret[REVOCATION_PARTITIONS]) {
    struct rows rows;
    TRY(db_run(scope, db, &REVOCATION_HEADS, NO_VALUES, &rows));
    return revocation_decode_heads(scope, &rows, ret);
}

static result decode_row(struct scope *scope, const struct rows *rows, size_t row,
                         struct revocation *ret) {
    struct revocation revocation = {
        .partition = (int) rows_number(rows, row, 0), /* 0-15: CHECK of the head, and hash & 15 */
        .seq = rows_number(rows, row, 1),
        .id = rows_text(rows, row, 2),
        .org_id = rows_text(rows, row, 3),
        .subject = rows_text(rows, row, 5),
        .epoch = rows_number(rows, row, 6),
        .reason = rows_text(rows, row, 7),
        .origin = rows_text(rows, row, 8),
    };
    TRY(revocation_kind_parse(scope, rows_text(rows, row, 4), &revocation.kind));
    *ret = revocation;
    return OK_RESULT;
}

result revocation_decode(struct scope *scope, const struct rows *rows,
                         struct revocation_page *ret) {
    struct revocation *decoded = NEW_ARRAY(scope->arena, rows->count, struct revocation);
    for (size_t i = 0; i < rows->count; i++) {
        TRY(decode_row(scope, rows, i, &decoded[i]));
    }
    *ret = (struct revocation_page){rows->count, decoded};
    return OK_RESULT;
}

result revocation_read(struct scope *scope, struct db *db, int partition, int64_t after,
                       struct revocation_page *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &REVOCATION_READ,
               VALUES(value_number(partition), value_number(after), value_number(REVOCATION_PAGE)),
               &rows));
    return revocation_decode(scope, &rows, ret);
}

result revocation_oldest(struct scope *scope, struct db *db, int partition, int64_t *ret_seq) {
    struct rows rows;
    TRY(db_run(scope, db, &OLDEST, VALUES(value_number(partition)), &rows));
    REQUIRE(scope, rows.count == 1, INTERNAL, "revocation.head");
    *ret_seq = rows_number(&rows, 0, 0);
    return OK_RESULT;
}

static result trim_partition(struct scope *scope, struct db *db, int partition, int64_t before_us) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct rows rows;
    TRY(tx_run(scope, tx, &LOCK, VALUES(value_number(partition)), NULL));
    TRY(tx_run(scope, tx, &TRIM_MARK, VALUES(value_number(partition), value_number(before_us)),
               &rows));
    REQUIRE(scope, rows.count == 1, INTERNAL, "revocation.head");
    const int64_t oldest_seq = rows_number(&rows, 0, 0);
    TRY(tx_run(scope, tx, &TRIM, VALUES(value_number(partition), value_number(oldest_seq)), &rows));
    return tx_commit(scope, tx);
}

/* Everything below the first young row goes: a row is never lost because of the clock of the node
 * that wrote a later one. */
result revocation_trim(struct scope *scope, struct db *db, int64_t before_us) {
    for (int partition = 0; partition < REVOCATION_PARTITIONS; partition++) {
        TRY(trim_partition(scope, db, partition, before_us));
    }
    return OK_RESULT;
}

result revocation_is_there(struct scope *scope, struct db *db, const struct revocation *row,
                           bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &IS_THERE,
               VALUES(value_number(row->partition), value_number(row->seq), value_text(row->id)),
               &rows));
    *ret = rows.count == 1;
    return OK_RESULT;
}
