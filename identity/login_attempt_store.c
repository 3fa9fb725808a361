#include "identity/login_attempt_store.h"

#include "base/clock.h"
#include "base/env.h"

#define COLUMNS "secrets_sealed, return_path, binding_hash, created_us, expires_us, state_hash"

static const struct statement INSERT = {
    "login_attempt.insert", TENANT,
    "INSERT INTO login_attempt (org_id, state_hash, connection_id, binding_hash, secrets_sealed, "
    "return_path, created_us, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    NULL};
static const struct statement DELETE_EXPIRED = {
    "login_attempt.delete_expired", TENANT,
    "DELETE FROM login_attempt WHERE org_id = $1 AND expires_us < $2", NULL};
static const struct statement PEEK = {"login_attempt.peek", TENANT,
                                      "SELECT " COLUMNS
                                      " FROM login_attempt WHERE org_id = $1 AND state_hash = $2 "
                                      "AND connection_id = $3 AND expires_us > $4",
                                      NULL};
static const struct statement TAKE = {
    "login_attempt.take", TENANT,
    "DELETE FROM login_attempt WHERE org_id = $1 AND state_hash = $2 AND connection_id = $3 "
    "AND expires_us > $4 RETURNING state_hash",
    NULL};
static const struct statement LIST_BOUND = {
    "login_attempt.list_bound", TENANT,
    "SELECT " COLUMNS " FROM login_attempt WHERE org_id = $1 AND connection_id = $2 "
    "AND expires_us > $3 AND binding_hash IN ($4, $5, $6, $7, $8) LIMIT 5",
    NULL};
static const struct statement DELETE_OF_CONNECTION = {
    "login_attempt.delete_of_connection", TENANT,
    "DELETE FROM login_attempt WHERE org_id = $1 AND connection_id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT, &DELETE_EXPIRED, &PEEK, &TAKE, &LIST_BOUND, &DELETE_OF_CONNECTION};
const struct statement_list LOGIN_ATTEMPT_STATEMENTS = {STATEMENTS,
                                                        sizeof STATEMENTS / sizeof STATEMENTS[0]};

result login_attempt_insert(struct scope *scope, struct tx *tx, const struct attempt_row *row) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DELETE_EXPIRED,
               VALUES(value_text(row->org_id), value_number(clock_now_us(scope->env->clock))),
               &rows));
    return tx_run(scope, tx, &INSERT,
                  VALUES(value_text(row->org_id), value_text(row->state_hash),
                         value_text(row->connection_id), value_text(row->binding_hash),
                         value_text(row->secrets_sealed), value_text(row->return_path),
                         value_number(row->created_us), value_number(row->expires_us)),
                  &rows);
}

static struct attempt_row decode(const struct rows *rows, size_t at,
                                 const struct attempt_row *wanted) {
    return (struct attempt_row){
        .org_id = wanted->org_id,
        .connection_id = wanted->connection_id,
        .secrets_sealed = rows_text(rows, at, 0),
        .return_path = rows_text(rows, at, 1),
        .binding_hash = rows_text(rows, at, 2),
        .created_us = rows_number(rows, at, 3),
        .expires_us = rows_number(rows, at, 4),
        .state_hash = rows_text(rows, at, 5),
    };
}

result login_attempt_peek(struct scope *scope, struct db *db, const struct attempt_row *wanted,
                          struct attempt_row *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &PEEK,
               VALUES(value_text(wanted->org_id), value_text(wanted->state_hash),
                      value_text(wanted->connection_id),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "login.attempt");
    *ret = decode(&rows, 0, wanted);
    return OK_RESULT;
}

result login_attempt_take(struct scope *scope, struct tx *tx, const struct attempt_row *row) {
    struct rows rows;
    TRY(tx_run(scope, tx, &TAKE,
               VALUES(value_text(row->org_id), value_text(row->state_hash),
                      value_text(row->connection_id),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "login.attempt");
    return OK_RESULT;
}

result login_attempt_list_bound(struct scope *scope, struct db *db,
                                const struct attempt_row *wanted,
                                const struct str bindings[ATTEMPT_BINDINGS],
                                struct attempt_row ret[ATTEMPT_BINDINGS], size_t *ret_count) {
    struct rows rows;
    TRY(db_run(scope, db, &LIST_BOUND,
               VALUES(value_text(wanted->org_id), value_text(wanted->connection_id),
                      value_number(clock_now_us(scope->env->clock)), value_text(bindings[0]),
                      value_text(bindings[1]), value_text(bindings[2]), value_text(bindings[3]),
                      value_text(bindings[4])),
               &rows));
    for (size_t i = 0; i < rows.count; i++) {
        ret[i] = decode(&rows, i, wanted);
    }
    *ret_count = rows.count;
    return OK_RESULT;
}

result login_attempt_delete_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                          struct str connection_id) {
    struct rows rows;
    return tx_run(scope, tx, &DELETE_OF_CONNECTION,
                  VALUES(value_text(org_id), value_text(connection_id)), &rows);
}
