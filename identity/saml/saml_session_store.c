#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "identity/saml/saml_reason.h"
#include "identity/saml/saml_session.h"

#define COLUMNS                                                                                    \
    "org_id, session_id, user_id, connection_id, subject, session_index, name_id_sealed, "         \
    "created_us"

static const struct statement INSERT_REPLAY = {
    "saml_replay.insert", TENANT,
    "INSERT INTO saml_replay (org_id, connection_id, message_hash, until_us) "
    "VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, connection_id, message_hash) DO NOTHING",
    NULL};
static const struct statement FIND_REPLAY = {
    "saml_replay.find", TENANT,
    "SELECT 1 FROM saml_replay WHERE org_id = $1 AND connection_id = $2 AND message_hash = $3",
    NULL};
static const struct statement SWEEP_REPLAY = {
    "saml_replay.sweep", CROSS_TENANT, "DELETE FROM saml_replay WHERE until_us < $1",
    "expired rows of all organisations; what they remember is refused for its age"};
static const struct statement INSERT = {
    "saml_session.insert", TENANT,
    "INSERT INTO saml_session (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", NULL};
static const struct statement FIND = {
    "saml_session.find", TENANT,
    "SELECT " COLUMNS " FROM saml_session WHERE org_id = $1 AND session_id = $2", NULL};
static const struct statement LIST = {
    "saml_session.list", TENANT,
    "SELECT " COLUMNS " FROM saml_session WHERE org_id = $1 AND connection_id = $2 "
    "AND subject = $3 AND ($4 = '' OR session_index = $4) ORDER BY session_id LIMIT 64",
    NULL};
const struct statement SAML_SESSION_DELETE_OF_USER = {
    "saml_session.delete_of_user", TENANT,
    "DELETE FROM saml_session WHERE org_id = $1 AND user_id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT_REPLAY,
    &FIND_REPLAY,
    &SWEEP_REPLAY,
    &INSERT,
    &FIND,
    &LIST,
    &SAML_SESSION_DELETE_OF_USER,
};
const struct statement_list SAML_SESSION_STATEMENTS = {STATEMENTS,
                                                       sizeof STATEMENTS / sizeof STATEMENTS[0]};

result saml_replay_insert(struct scope *scope, struct tx *tx, struct str org_id,
                          struct str connection_id, struct str message_id, int64_t until_us) {
    struct rows rows;
    TRY(tx_run(scope, tx, &INSERT_REPLAY,
               VALUES(value_text(org_id), value_text(connection_id),
                      value_text(sha256_text(scope->arena, message_id)), value_number(until_us)),
               &rows));
    SAML_REQUIRE(scope, rows.changed == 1, SAML_REPLAY);
    return OK_RESULT;
}

result saml_replay_is_known(struct scope *scope, struct db *db, struct str org_id,
                            struct str connection_id, struct str message_id, bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND_REPLAY,
               VALUES(value_text(org_id), value_text(connection_id),
                      value_text(sha256_text(scope->arena, message_id))),
               &rows));
    *ret = rows.count == 1;
    return OK_RESULT;
}

result saml_replay_sweep(struct scope *scope, struct db *db) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct rows rows;
    TRY(tx_run(scope, tx, &SWEEP_REPLAY, VALUES(value_number(clock_now_us(scope->env->clock))),
               &rows));
    return tx_commit(scope, tx);
}

result saml_session_insert(struct scope *scope, struct tx *tx, const struct saml_session *session) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT,
                  VALUES(value_text(session->org_id), value_text(session->session_id),
                         value_text(session->user_id), value_text(session->connection_id),
                         value_text(session->subject), value_text(session->session_index),
                         value_text(session->name_id_sealed), value_number(session->created_us)),
                  &rows);
}

static struct saml_session decode(const struct rows *rows, size_t row) {
    return (struct saml_session){
        .org_id = rows_text(rows, row, 0),
        .session_id = rows_text(rows, row, 1),
        .user_id = rows_text(rows, row, 2),
        .connection_id = rows_text(rows, row, 3),
        .subject = rows_text(rows, row, 4),
        .session_index = rows_text(rows, row, 5),
        .name_id_sealed = rows_text(rows, row, 6),
        .created_us = rows_number(rows, row, 7),
    };
}

result saml_session_find(struct scope *scope, struct db *db, struct str org_id,
                         struct str session_id, struct saml_session *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(session_id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "saml.no_session");
    *ret = decode(&rows, 0);
    return OK_RESULT;
}

result saml_session_list(struct scope *scope, struct db *db, const struct saml_session *wanted,
                         struct saml_session ret[SAML_SESSIONS_MAX], size_t *ret_count) {
    struct rows rows;
    TRY(db_run(scope, db, &LIST,
               VALUES(value_text(wanted->org_id), value_text(wanted->connection_id),
                      value_text(wanted->subject), value_text(wanted->session_index)),
               &rows));
    for (size_t i = 0; i < rows.count; i++) {
        ret[i] = decode(&rows, i);
    }
    *ret_count = rows.count;
    return OK_RESULT;
}
