#include "identity/oidc/oidc_health_store.h"

#include "base/arena.h"

static const struct statement INSERT = {
    "oidc_health.insert", TENANT,
    "INSERT INTO oidc_health (org_id, connection_id, checked_us, good_us, next_us, failures, "
    "failure, keys) VALUES ($1, $2, 0, 0, $3, 0, '', 0)",
    NULL};
static const struct statement FIND = {
    "oidc_health.find", TENANT,
    "SELECT org_id, connection_id, checked_us, good_us, next_us, failures, failure, keys "
    "FROM oidc_health WHERE org_id = $1 AND connection_id = $2",
    NULL};
static const struct statement UPDATE = {
    "oidc_health.update", TENANT,
    "UPDATE oidc_health SET checked_us = $3, good_us = $4, next_us = $5, failures = $6, "
    "failure = $7, keys = $8 WHERE org_id = $1 AND connection_id = $2",
    NULL};
static const struct statement IS_DUE = {"oidc_health.is_due", CROSS_TENANT,
                                        "SELECT 1 FROM oidc_health WHERE next_us <= $1 LIMIT 1",
                                        "the scheduler looks for work of all organisations"};
/* The condition stands in the outer WHERE, too: PostgreSQL checks that one again after waiting for
 * a row. */
static const struct statement CLAIM_DUE = {
    "oidc_health.claim_due", CROSS_TENANT,
    "UPDATE oidc_health SET next_us = $1 WHERE next_us <= $2 AND connection_id IN "
    "(SELECT connection_id FROM oidc_health WHERE next_us <= $3 "
    "ORDER BY next_us, connection_id LIMIT $4) RETURNING org_id, connection_id",
    "the scheduler looks for work of all organisations"};

static const struct statement *const STATEMENTS[] = {&INSERT, &FIND, &UPDATE, &IS_DUE, &CLAIM_DUE};
const struct statement_list OIDC_HEALTH_STATEMENTS = {STATEMENTS,
                                                      sizeof STATEMENTS / sizeof *STATEMENTS};

result oidc_health_store_insert(struct scope *scope, struct tx *tx, struct str org_id,
                                struct str connection_id, int64_t next_us) {
    return tx_run(scope, tx, &INSERT,
                  VALUES(value_text(org_id), value_text(connection_id), value_number(next_us)),
                  NULL);
}

result oidc_health_store_find(struct scope *scope, struct db *db, struct str org_id,
                              struct str connection_id, struct oidc_health *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(connection_id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "oidc.no_health");
    *ret = (struct oidc_health){
        .org_id = rows_text(&rows, 0, 0),
        .connection_id = rows_text(&rows, 0, 1),
        .checked_us = rows_number(&rows, 0, 2),
        .good_us = rows_number(&rows, 0, 3),
        .next_us = rows_number(&rows, 0, 4),
        .failures = rows_number(&rows, 0, 5),
        .failure = rows_text(&rows, 0, 6),
        .keys = rows_number(&rows, 0, 7),
    };
    return OK_RESULT;
}

result oidc_health_store_update(struct scope *scope, struct tx *tx,
                                const struct oidc_health *health) {
    return tx_run(scope, tx, &UPDATE,
                  VALUES(value_text(health->org_id), value_text(health->connection_id),
                         value_number(health->checked_us), value_number(health->good_us),
                         value_number(health->next_us), value_number(health->failures),
                         value_text(health->failure), value_number(health->keys)),
                  NULL);
}

result oidc_health_store_is_due(struct scope *scope, struct db *db, int64_t now_us, bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &IS_DUE, VALUES(value_number(now_us)), &rows));
    *ret = rows.count > 0;
    return OK_RESULT;
}

result oidc_health_store_claim_due(struct scope *scope, struct tx *tx, int64_t now_us,
                                   int64_t again_us, int64_t limit, struct oidc_health **ret,
                                   size_t *ret_count) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CLAIM_DUE,
               VALUES(value_number(again_us), value_number(now_us), value_number(now_us),
                      value_number(limit)),
               &rows));
    struct oidc_health *due = NEW_ARRAY(scope->arena, rows.count, struct oidc_health);
    for (size_t i = 0; i < rows.count; i++) {
        due[i].org_id = rows_text(&rows, i, 0);
        due[i].connection_id = rows_text(&rows, i, 1);
    }
    *ret = due;
    *ret_count = rows.count;
    return OK_RESULT;
}
