#include "identity/oidc/oidc_session_store.h"

#include "base/clock.h"
#include "base/env.h"

#define COLUMNS                                                                                    \
    "org_id, session_id, user_id, connection_id, issuer, subject, sid, id_token_sealed, "          \
    "refresh_token_sealed, refreshed_us, access_expires_us, created_us, end_session_endpoint"

static const struct statement INSERT = {
    "oidc_session.insert", TENANT,
    "INSERT INTO oidc_session (" COLUMNS ", lease_until_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)",
    NULL};
static const struct statement FIND = {
    "oidc_session.find", TENANT,
    "SELECT " COLUMNS " FROM oidc_session WHERE org_id = $1 AND session_id = $2", NULL};
static const struct statement DELETE_OF_CONNECTION = {
    "oidc_session.delete_of_connection", TENANT,
    "DELETE FROM oidc_session WHERE org_id = $1 AND connection_id = $2", NULL};
static const struct statement LEASE = {
    "oidc_session.lease", TENANT,
    "UPDATE oidc_session SET lease_owner = $3, lease_until_us = $4 "
    "WHERE org_id = $1 AND session_id = $2 AND lease_until_us <= $5 AND refreshed_us = $6 "
    "RETURNING session_id",
    NULL};
static const struct statement UNLEASE = {
    "oidc_session.unlease", TENANT,
    "UPDATE oidc_session SET lease_owner = NULL, lease_until_us = 0 "
    "WHERE org_id = $1 AND session_id = $2 AND lease_owner = $3",
    NULL};
static const struct statement STORE_REFRESHED = {
    "oidc_session.store_refreshed", TENANT,
    "UPDATE oidc_session SET id_token_sealed = $4, refresh_token_sealed = $5, refreshed_us = $6, "
    "access_expires_us = $7, lease_owner = NULL, lease_until_us = 0 "
    "WHERE org_id = $1 AND session_id = $2 AND lease_owner = $3 RETURNING session_id",
    NULL};
const struct statement OIDC_SESSION_DELETE_OF_USER = {
    "oidc_session.delete_of_user", TENANT,
    "DELETE FROM oidc_session WHERE org_id = $1 AND user_id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT,
    &FIND,
    &DELETE_OF_CONNECTION,
    &LEASE,
    &UNLEASE,
    &STORE_REFRESHED,
    &OIDC_SESSION_DELETE_OF_USER,
};
const struct statement_list OIDC_SESSION_STATEMENTS = {STATEMENTS,
                                                       sizeof STATEMENTS / sizeof STATEMENTS[0]};

result oidc_session_insert(struct scope *scope, struct tx *tx, const struct oidc_session *session) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT,
                  VALUES(value_text(session->org_id), value_text(session->session_id),
                         value_text(session->user_id), value_text(session->connection_id),
                         value_text(session->issuer), value_text(session->subject),
                         value_text_or_null(session->sid), value_text(session->id_token_sealed),
                         value_text_or_null(session->refresh_token_sealed),
                         value_number(session->refreshed_us),
                         value_number(session->access_expires_us),
                         value_number(session->created_us),
                         value_text_or_null(session->end_session_endpoint)),
                  &rows);
}

result oidc_session_find(struct scope *scope, struct db *db, struct str org_id,
                         struct str session_id, struct oidc_session *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(session_id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "oidc.no_session");
    *ret = (struct oidc_session){
        .org_id = rows_text(&rows, 0, 0),
        .session_id = rows_text(&rows, 0, 1),
        .user_id = rows_text(&rows, 0, 2),
        .connection_id = rows_text(&rows, 0, 3),
        .issuer = rows_text(&rows, 0, 4),
        .subject = rows_text(&rows, 0, 5),
        .sid = rows_text(&rows, 0, 6),
        .id_token_sealed = rows_text(&rows, 0, 7),
        .refresh_token_sealed = rows_text(&rows, 0, 8),
        .refreshed_us = rows_number(&rows, 0, 9),
        .access_expires_us = rows_number(&rows, 0, 10),
        .created_us = rows_number(&rows, 0, 11),
        .end_session_endpoint = rows_text(&rows, 0, 12),
    };
    return OK_RESULT;
}

result oidc_session_delete_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                         struct str connection_id) {
    struct rows rows;
    return tx_run(scope, tx, &DELETE_OF_CONNECTION,
                  VALUES(value_text(org_id), value_text(connection_id)), &rows);
}

result oidc_session_lease(struct scope *scope, struct tx *tx, const struct oidc_session *session,
                          struct str owner, int64_t until_us, bool *ret_is_held) {
    struct rows rows;
    TRY(tx_run(scope, tx, &LEASE,
               VALUES(value_text(session->org_id), value_text(session->session_id),
                      value_text(owner), value_number(until_us),
                      value_number(clock_now_us(scope->env->clock)),
                      value_number(session->refreshed_us)),
               &rows));
    *ret_is_held = rows.count == 1;
    return OK_RESULT;
}

result oidc_session_unlease(struct scope *scope, struct tx *tx, const struct oidc_session *session,
                            struct str owner) {
    struct rows rows;
    return tx_run(
        scope, tx, &UNLEASE,
        VALUES(value_text(session->org_id), value_text(session->session_id), value_text(owner)),
        &rows);
}

result oidc_session_store_refreshed(struct scope *scope, struct tx *tx,
                                    const struct oidc_session *session, struct str owner) {
    struct rows rows;
    TRY(tx_run(scope, tx, &STORE_REFRESHED,
               VALUES(value_text(session->org_id), value_text(session->session_id),
                      value_text(owner), value_text(session->id_token_sealed),
                      value_text_or_null(session->refresh_token_sealed),
                      value_number(session->refreshed_us),
                      value_number(session->access_expires_us)),
               &rows));
    REQUIRE(scope, rows.count == 1, CONFLICT, "oidc.lease_lost");
    return OK_RESULT;
}
