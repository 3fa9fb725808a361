#include "identity/oidc/oidc_attempt_store.h"

#include "base/clock.h"
#include "base/env.h"

static const struct statement INSERT = {
    "oidc_attempt.insert", TENANT,
    "INSERT INTO login_attempt (org_id, state_hash, connection_id, binding_hash, secrets_sealed, "
    "return_path, created_us, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    NULL};
static const struct statement DELETE_EXPIRED = {
    "oidc_attempt.delete_expired", TENANT,
    "DELETE FROM login_attempt WHERE org_id = $1 AND expires_us < $2", NULL};
static const struct statement TAKE = {
    "oidc_attempt.take", TENANT,
    "DELETE FROM login_attempt WHERE org_id = $1 AND state_hash = $2 AND connection_id = $3 "
    "AND expires_us > $4 AND binding_hash IN ($5, $6, $7, $8, $9) "
    "RETURNING secrets_sealed, return_path, binding_hash",
    NULL};
static const struct statement DELETE_OF_CONNECTION = {
    "oidc_attempt.delete_of_connection", TENANT,
    "DELETE FROM login_attempt WHERE org_id = $1 AND connection_id = $2", NULL};

static const struct statement *const STATEMENTS[] = {&INSERT, &DELETE_EXPIRED, &TAKE,
                                                     &DELETE_OF_CONNECTION};
const struct statement_list OIDC_ATTEMPT_STATEMENTS = {STATEMENTS,
                                                       sizeof STATEMENTS / sizeof STATEMENTS[0]};

result oidc_attempt_insert(struct scope *scope, struct tx *tx, const struct attempt_row *row) {
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

result oidc_attempt_take(struct scope *scope, struct tx *tx, const struct attempt_row *wanted,
                         const struct str bindings[ATTEMPT_BINDINGS], struct attempt_row *ret) {
    struct rows rows;
    TRY(tx_run(scope, tx, &TAKE,
               VALUES(value_text(wanted->org_id), value_text(wanted->state_hash),
                      value_text(wanted->connection_id),
                      value_number(clock_now_us(scope->env->clock)), value_text(bindings[0]),
                      value_text(bindings[1]), value_text(bindings[2]), value_text(bindings[3]),
                      value_text(bindings[4])),
               &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "oidc.attempt");
    *ret = *wanted;
    ret->secrets_sealed = rows_text(&rows, 0, 0);
    ret->return_path = rows_text(&rows, 0, 1);
    ret->binding_hash = rows_text(&rows, 0, 2);
    return OK_RESULT;
}

result oidc_attempt_delete_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                         struct str connection_id) {
    struct rows rows;
    return tx_run(scope, tx, &DELETE_OF_CONNECTION,
                  VALUES(value_text(org_id), value_text(connection_id)), &rows);
}
