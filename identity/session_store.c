#include "identity/session_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "identity/oidc/oidc_revocation_store.h"

#define COLUMNS                                                                                    \
    "org_id, id, user_id, connection_id, method, epoch, created_us, seen_us, idle_us, expires_us"

static const struct statement INSERT_SESSION = {
    "session.insert", TENANT,
    "INSERT INTO session (org_id, id, token_hash, csrf_hash, user_id, epoch, connection_id, "
    "method, created_us, seen_us, idle_us, expires_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    NULL};

static const struct statement DELETE_BY_HASH = {
    "session.delete_by_hash", TENANT,
    "DELETE FROM session WHERE org_id = $1 AND token_hash = $2 RETURNING id", NULL};

static const struct statement DELETE_ONE = {
    "session.delete_one", TENANT,
    "DELETE FROM session WHERE org_id = $1 AND user_id = $2 AND id = $3 RETURNING id", NULL};

static const struct statement DELETE_ALL = {
    "session.delete_all", TENANT,
    "DELETE FROM session WHERE org_id = $1 AND user_id = $2 RETURNING id", NULL};

/* Ids grow with time; the new one stays even when another node's clock is ahead. */
static const struct statement DELETE_OLDEST = {
    "session.delete_oldest", TENANT,
    "DELETE FROM session WHERE org_id = $1 AND user_id = $2 AND id <> $3 AND id NOT IN ("
    "SELECT k.id FROM session k WHERE k.org_id = $1 AND k.user_id = $2 AND k.id <> $3 "
    "ORDER BY k.id DESC LIMIT $4) RETURNING id",
    NULL};

static const struct statement LIST = {
    "session.list", TENANT,
    "SELECT " COLUMNS " FROM session WHERE org_id = $1 AND user_id = $2 AND id < $3 "
    "AND expires_us > $4 AND seen_us + idle_us > $4 ORDER BY id DESC LIMIT $5",
    NULL};

static const struct statement OWNER = {
    "session.owner", TENANT, "SELECT user_id FROM session WHERE org_id = $1 AND id = $2", NULL};

static const struct statement SWEEP = {
    "session.sweep", CROSS_TENANT,
    "DELETE FROM session WHERE expires_us <= $1 OR seen_us + idle_us <= $1",
    "expired rows of all organisations; they are refused already"};

const struct statement SESSION_DELETE_OF_USER = {
    "session.delete_of_user", TENANT, "DELETE FROM session WHERE org_id = $1 AND user_id = $2",
    NULL};

const struct statement SESSION_GUARD = {
    "session.guard", TENANT, "SELECT 1 FROM session WHERE org_id = $1 AND id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT_SESSION,         &DELETE_BY_HASH, &DELETE_ONE, &DELETE_ALL,
    &DELETE_OLDEST,          &OWNER,          &LIST,       &SWEEP,
    &SESSION_DELETE_OF_USER, &SESSION_GUARD,
};
const struct statement_list SESSION_STATEMENTS = {STATEMENTS,
                                                  sizeof STATEMENTS / sizeof *STATEMENTS};

result session_store_insert(struct scope *scope, struct tx *tx, const struct session *session,
                            struct str token_hash, struct str csrf_hash) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT_SESSION,
                  VALUES(value_text(session->org_id), value_text(session->id),
                         value_text(token_hash), value_text(csrf_hash),
                         value_text(session->user_id), value_number(session->epoch),
                         value_text_or_null(session->connection_id), value_text(session->method),
                         value_number(session->created_us), value_number(session->seen_us),
                         value_number(session->idle_us), value_number(session->expires_us)),
                  &rows);
}

/* The tokens of this session are not revoked at the provider: RFC 7009 section 2.1 lets it take
 * back the whole grant, on which the sign-in that ends this session may rest. */
result session_store_delete_by_hash(struct scope *scope, struct tx *tx, struct str org_id,
                                    struct str token_hash, struct str *ret_id) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DELETE_BY_HASH, VALUES(value_text(org_id), value_text(token_hash)),
               &rows));
    *ret_id = rows.count == 1 ? rows_text(&rows, 0, 0) : STR("");
    return OK_RESULT;
}

static result run_delete(struct scope *scope, struct tx *tx, struct str org_id, struct str user_id,
                         struct str session_id, struct rows *ret) {
    if (str_is_empty(session_id)) {
        TRY(oidc_revocation_keep_of_user(scope, tx, org_id, user_id));
        return tx_run(scope, tx, &DELETE_ALL, VALUES(value_text(org_id), value_text(user_id)), ret);
    }
    TRY(oidc_revocation_keep_of_session(scope, tx, org_id, session_id));
    return tx_run(scope, tx, &DELETE_ONE,
                  VALUES(value_text(org_id), value_text(user_id), value_text(session_id)), ret);
}

result session_owner(struct scope *scope, struct db *db, struct str org_id, struct str id,
                     struct str *ret_user_id) {
    struct rows rows;
    TRY(db_run(scope, db, &OWNER, VALUES(value_text(org_id), value_text(id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "session.unknown");
    *ret_user_id = rows_text(&rows, 0, 0);
    return OK_RESULT;
}

static void decode_ids(struct scope *scope, const struct rows *rows, struct session_ids *ret) {
    struct session_ids gone = {rows->count, NEW_ARRAY(scope->arena, rows->count, struct str)};
    for (size_t i = 0; i < rows->count; i++) {
        gone.ids[i] = rows_text(rows, i, 0);
    }
    *ret = gone;
}

result session_store_delete_oldest(struct scope *scope, struct tx *tx,
                                   const struct session_end *newest, int64_t most,
                                   struct session_ids *ret) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DELETE_OLDEST,
               VALUES(value_text(newest->org_id), value_text(newest->user_id),
                      value_text(newest->session_id), value_number(most - 1)),
               &rows));
    decode_ids(scope, &rows, ret);
    return OK_RESULT;
}

result session_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, struct str session_id, struct session_ids *ret) {
    struct rows rows;
    TRY(run_delete(scope, tx, org_id, user_id, session_id, &rows));
    decode_ids(scope, &rows, ret);
    return OK_RESULT;
}

static struct session decode(const struct rows *rows, size_t row) {
    return (struct session){
        .org_id = rows_text(rows, row, 0),
        .id = rows_text(rows, row, 1),
        .user_id = rows_text(rows, row, 2),
        .connection_id = rows_text(rows, row, 3),
        .method = rows_text(rows, row, 4),
        .epoch = rows_number(rows, row, 5),
        .created_us = rows_number(rows, row, 6),
        .seen_us = rows_number(rows, row, 7),
        .idle_us = rows_number(rows, row, 8),
        .expires_us = rows_number(rows, row, 9),
    };
}

result session_list_of(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                       int64_t limit, struct str before, struct session_list *ret) {
    struct rows rows;
    const struct str from = str_is_empty(before) ? STR("z") : before; /* behind every UUID */
    TRY(db_run(scope, db, &LIST,
               VALUES(value_text(org_id), value_text(user_id), value_text(from),
                      value_number(clock_now_us(scope->env->clock)), value_number(limit + 1)),
               &rows));
    struct session_list list = {0};
    list.count = rows.count > (size_t) limit ? (size_t) limit : rows.count;
    list.sessions = NEW_ARRAY(scope->arena, list.count, struct session);
    for (size_t i = 0; i < list.count; i++) {
        list.sessions[i] = decode(&rows, i);
    }
    if (rows.count > list.count) {
        list.next_cursor = list.sessions[list.count - 1].id;
    }
    *ret = list;
    return OK_RESULT;
}

result session_sweep(struct scope *scope, struct db *db, int64_t *ret_count) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct rows rows;
    const int64_t now_us = clock_now_us(scope->env->clock);
    TRY(oidc_revocation_keep_expired(scope, tx, now_us));
    TRY(tx_run(scope, tx, &SWEEP, VALUES(value_number(now_us)), &rows));
    TRY(tx_commit(scope, tx));
    *ret_count = rows.changed;
    return OK_RESULT;
}
