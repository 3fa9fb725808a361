#include "identity/oidc/oidc_revocation_store.h"

#include "base/arena.h"

#define KEEP                                                                                       \
    "INSERT INTO oidc_revocation (org_id, session_id, connection_id, token_sealed, taken_us) "     \
    "SELECT org_id, session_id, connection_id, refresh_token_sealed, 0 FROM oidc_session "
/* A session ends once: the second try of a job finds the row already there. */
#define ONCE " ON CONFLICT (org_id, session_id) DO NOTHING"

const struct statement OIDC_REVOCATION_KEEP_OF_USER = {
    "oidc_revocation.keep_of_user", TENANT,
    KEEP "WHERE org_id = $1 AND user_id = $2 AND refresh_token_sealed IS NOT NULL" ONCE, NULL};
static const struct statement KEEP_OF_SESSION = {
    "oidc_revocation.keep_of_session", TENANT,
    KEEP "WHERE org_id = $1 AND session_id = $2 AND refresh_token_sealed IS NOT NULL" ONCE, NULL};
static const struct statement KEEP_OF_CONNECTION = {
    "oidc_revocation.keep_of_connection", TENANT,
    KEEP "WHERE org_id = $1 AND connection_id = $2 AND refresh_token_sealed IS NOT NULL" ONCE,
    NULL};
static const struct statement KEEP_EXPIRED = {
    "oidc_revocation.keep_expired", CROSS_TENANT,
    KEEP "WHERE refresh_token_sealed IS NOT NULL AND EXISTS (SELECT 1 FROM session s "
         "WHERE s.org_id = oidc_session.org_id AND s.id = oidc_session.session_id "
         "AND (s.expires_us <= $1 OR s.seen_us + s.idle_us <= $2))" ONCE,
    "sessions that are over, of all organisations"};
static const struct statement FIND = {
    "oidc_revocation.find", TENANT,
    "SELECT org_id, session_id, connection_id, token_sealed FROM oidc_revocation "
    "WHERE org_id = $1 AND session_id = $2",
    NULL};
static const struct statement DELETE = {
    "oidc_revocation.delete", TENANT,
    "DELETE FROM oidc_revocation WHERE org_id = $1 AND session_id = $2", NULL};
static const struct statement IS_DUE = {
    "oidc_revocation.is_due", CROSS_TENANT,
    "SELECT 1 FROM oidc_revocation WHERE taken_us = 0 OR taken_us <= $1 LIMIT 1",
    "the scheduler looks for work of all organisations"};
/* The condition stands in the outer WHERE, too: PostgreSQL checks that one again after waiting for
 * a row. */
static const struct statement CLAIM = {
    "oidc_revocation.claim", CROSS_TENANT,
    "UPDATE oidc_revocation SET taken_us = $1 WHERE taken_us = 0 AND session_id IN "
    "(SELECT session_id FROM oidc_revocation WHERE taken_us = 0 ORDER BY session_id LIMIT $2) "
    "RETURNING org_id, session_id",
    "the scheduler looks for work of all organisations"};
static const struct statement FORGET = {
    "oidc_revocation.forget", CROSS_TENANT,
    "DELETE FROM oidc_revocation WHERE taken_us > 0 AND taken_us <= $1",
    "tokens of all organisations that their providers do not take"};

static const struct statement *const STATEMENTS[] = {
    &OIDC_REVOCATION_KEEP_OF_USER,
    &KEEP_OF_SESSION,
    &KEEP_OF_CONNECTION,
    &KEEP_EXPIRED,
    &FIND,
    &DELETE,
    &IS_DUE,
    &CLAIM,
    &FORGET,
};
const struct statement_list OIDC_REVOCATION_STATEMENTS = {STATEMENTS,
                                                          sizeof STATEMENTS / sizeof *STATEMENTS};

static result keep(struct scope *scope, struct tx *tx, const struct statement *statement,
                   struct str org_id, struct str key) {
    return tx_run(scope, tx, statement, VALUES(value_text(org_id), value_text(key)), NULL);
}

result oidc_revocation_keep_of_user(struct scope *scope, struct tx *tx, struct str org_id,
                                    struct str user_id) {
    return keep(scope, tx, &OIDC_REVOCATION_KEEP_OF_USER, org_id, user_id);
}

result oidc_revocation_keep_of_session(struct scope *scope, struct tx *tx, struct str org_id,
                                       struct str session_id) {
    return keep(scope, tx, &KEEP_OF_SESSION, org_id, session_id);
}

result oidc_revocation_keep_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                          struct str connection_id) {
    return keep(scope, tx, &KEEP_OF_CONNECTION, org_id, connection_id);
}

result oidc_revocation_keep_expired(struct scope *scope, struct tx *tx, int64_t now_us) {
    return tx_run(scope, tx, &KEEP_EXPIRED, VALUES(value_number(now_us), value_number(now_us)),
                  NULL);
}

result oidc_revocation_store_find(struct scope *scope, struct db *db, struct str org_id,
                                  struct str session_id, struct oidc_revocation *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(session_id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "oidc.no_revocation");
    *ret = (struct oidc_revocation){
        .org_id = rows_text(&rows, 0, 0),
        .session_id = rows_text(&rows, 0, 1),
        .connection_id = rows_text(&rows, 0, 2),
        .token_sealed = rows_text(&rows, 0, 3),
    };
    return OK_RESULT;
}

result oidc_revocation_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                                    struct str session_id) {
    return keep(scope, tx, &DELETE, org_id, session_id);
}

result oidc_revocation_store_is_due(struct scope *scope, struct db *db, int64_t before_us,
                                    bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &IS_DUE, VALUES(value_number(before_us)), &rows));
    *ret = rows.count > 0;
    return OK_RESULT;
}

result oidc_revocation_store_claim(struct scope *scope, struct tx *tx, int64_t now_us,
                                   int64_t limit, struct oidc_revocation **ret, size_t *ret_count) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CLAIM, VALUES(value_number(now_us), value_number(limit)), &rows));
    struct oidc_revocation *due = NEW_ARRAY(scope->arena, rows.count, struct oidc_revocation);
    for (size_t i = 0; i < rows.count; i++) {
        due[i].org_id = rows_text(&rows, i, 0);
        due[i].session_id = rows_text(&rows, i, 1);
    }
    *ret = due;
    *ret_count = rows.count;
    return OK_RESULT;
}

result oidc_revocation_store_forget(struct scope *scope, struct tx *tx, int64_t before_us) {
    return tx_run(scope, tx, &FORGET, VALUES(value_number(before_us)), NULL);
}
