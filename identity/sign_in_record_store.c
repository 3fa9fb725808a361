#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/sign_in_record.h"

#define COLUMNS                                                                                    \
    "org_id, connection_id, id, request_id, at_us, is_test, reason, want, got, detail, is_junk, "  \
    "times"

enum { JUNK_FOLDED_S = 60 };

static const struct statement INSERT = {
    "sign_in_record.insert", TENANT,
    "INSERT INTO sign_in_record (" COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
    NULL};
/* Two at once may both find nothing and make a record each: no more than one too many. */
static const struct statement FOLD = {
    "sign_in_record.fold", TENANT,
    "UPDATE sign_in_record SET times = times + 1 WHERE org_id = $1 AND connection_id = $2 "
    "AND is_junk = 1 AND reason = $3 AND at_us > $4",
    NULL};
static const struct statement TRIM = {
    "sign_in_record.trim", TENANT,
    "DELETE FROM sign_in_record WHERE org_id = $1 AND connection_id = $2 AND is_junk = $4 "
    "AND id <= (SELECT id FROM sign_in_record WHERE org_id = $1 AND connection_id = $2 "
    "AND is_junk = $4 ORDER BY id DESC LIMIT 1 OFFSET $3)",
    NULL};
static const struct statement LIST = {
    "sign_in_record.list", TENANT,
    "SELECT " COLUMNS " FROM sign_in_record WHERE org_id = $1 AND connection_id = $2 AND id < $3 "
    "AND at_us > $4 ORDER BY id DESC LIMIT $5",
    NULL};
static const struct statement SWEEP = {"sign_in_record.sweep", CROSS_TENANT,
                                       "DELETE FROM sign_in_record WHERE at_us < $1",
                                       "old rows of all organisations"};

static const struct statement *const STATEMENTS[] = {&INSERT, &FOLD, &TRIM, &LIST, &SWEEP};
const struct statement_list SIGN_IN_RECORD_STATEMENTS = {STATEMENTS,
                                                         sizeof STATEMENTS / sizeof STATEMENTS[0]};

static int64_t oldest_us(const struct scope *scope) {
    return clock_now_us(scope->env->clock) - S_TO_US(INT64_C(86400) * SIGN_IN_RECORD_DAYS);
}

static result fold(struct scope *scope, struct tx *tx, const struct sign_in_record *record,
                   bool *ret_is_folded) {
    const int64_t since_us = clock_now_us(scope->env->clock) - S_TO_US(JUNK_FOLDED_S);
    struct rows rows;
    TRY(tx_run(scope, tx, &FOLD,
               VALUES(value_text(record->org_id), value_text(record->connection_id),
                      value_text(record->reason), value_number(since_us)),
               &rows));
    *ret_is_folded = rows.changed > 0;
    return OK_RESULT;
}

result sign_in_record_add(struct scope *scope, struct db *db, const struct sign_in_record *record) {
    AUTO(tx_end) struct tx *tx = NULL;
    struct rows rows;
    bool is_folded = false;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    if (record->is_junk) {
        TRY(fold(scope, tx, record, &is_folded));
    }
    if (is_folded) {
        return tx_commit(scope, tx);
    }
    TRY(tx_run(scope, tx, &INSERT,
               VALUES(value_text(record->org_id), value_text(record->connection_id),
                      value_text(uuid_v7(scope)), value_text(record->request_id),
                      value_number(clock_now_us(scope->env->clock)), value_number(record->is_test),
                      value_text(record->reason), value_text(record->want), value_text(record->got),
                      value_text(record->detail), value_number(record->is_junk)),
               &rows));
    TRY(tx_run(scope, tx, &TRIM,
               VALUES(value_text(record->org_id), value_text(record->connection_id),
                      value_number(SIGN_IN_RECORDS_KEPT), value_number(record->is_junk)),
               &rows));
    return tx_commit(scope, tx);
}

static struct sign_in_record decode(const struct rows *rows, size_t row) {
    return (struct sign_in_record){
        .org_id = rows_text(rows, row, 0),
        .connection_id = rows_text(rows, row, 1),
        .id = rows_text(rows, row, 2),
        .request_id = rows_text(rows, row, 3),
        .at_us = rows_number(rows, row, 4),
        .is_test = rows_number(rows, row, 5) != 0,
        .reason = rows_text(rows, row, 6),
        .want = rows_text(rows, row, 7),
        .got = rows_text(rows, row, 8),
        .detail = rows_text(rows, row, 9),
        .is_junk = rows_number(rows, row, 10) != 0,
        .times = rows_number(rows, row, 11),
    };
}

result sign_in_record_list(struct scope *scope, struct db *db, struct str org_id,
                           struct str connection_id, int64_t limit, struct str before,
                           struct sign_in_records *ret) {
    const struct str from = str_is_empty(before) ? STR("z") : before; /* behind every UUID */
    struct rows rows;
    TRY(db_run(scope, db, &LIST,
               VALUES(value_text(org_id), value_text(connection_id), value_text(from),
                      value_number(oldest_us(scope)), value_number(limit + 1)),
               &rows));
    struct sign_in_records list = {0};
    list.count = rows.count > (size_t) limit ? (size_t) limit : rows.count;
    list.records = NEW_ARRAY(scope->arena, list.count, struct sign_in_record);
    for (size_t i = 0; i < list.count; i++) {
        list.records[i] = decode(&rows, i);
    }
    if (rows.count > list.count) {
        list.next_cursor = list.records[list.count - 1].id;
    }
    *ret = list;
    return OK_RESULT;
}

result sign_in_record_sweep(struct scope *scope, struct db *db) {
    AUTO(tx_end) struct tx *tx = NULL;
    struct rows rows;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(tx_run(scope, tx, &SWEEP, VALUES(value_number(oldest_us(scope))), &rows));
    return tx_commit(scope, tx);
}
