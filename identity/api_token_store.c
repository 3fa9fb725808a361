#include "identity/api_token_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"

static const struct statement INSERT_TOKEN = {
    "token.insert", TENANT,
    "INSERT INTO api_token (org_id, id, kind, token_hash, name, scopes, connection_id, owner_id, "
    "epoch, creator_id, creator_epoch, created_us, expires_us, used_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)",
    NULL};

static const struct statement COUNT = {"token.count", TENANT,
                                       "SELECT count(*) FROM api_token WHERE org_id = $1", NULL};

/* creator_left: computed, so that nothing has to be written when somebody leaves, and true for ever
 * after, even when that person comes back. */
static const struct statement LIST = {
    "token.list", TENANT,
    "SELECT t.org_id, t.id, t.kind, t.name, t.scopes, t.connection_id, t.owner_id, t.creator_id, "
    "t.created_us, t.expires_us, t.used_us, t.flagged_us, "
    "CASE WHEN t.creator_id IS NOT NULL AND (c.id IS NULL OR c.epoch <> t.creator_epoch) "
    "THEN 1 ELSE 0 END FROM api_token t "
    "LEFT JOIN org_user c ON c.org_id = t.org_id AND c.id = t.creator_id "
    "WHERE t.org_id = $1 ORDER BY t.id LIMIT $2",
    NULL};

/* The maker's epoch tells, so that whoever is back by now has left all the same. */
static const struct statement FLAG = {
    "token.flag", TENANT,
    "UPDATE api_token SET flagged_us = $3, "
    "expires_us = CASE WHEN expires_us < $4 THEN expires_us ELSE $4 END "
    "WHERE org_id = $1 AND creator_id = $2 AND owner_id IS NULL AND flagged_us = 0 "
    "AND creator_epoch <> (SELECT u.epoch FROM org_user u WHERE u.org_id = $1 AND u.id = $2) "
    "RETURNING id, name, creator_id, expires_us",
    NULL};

static const struct statement END_FLAGGED = {
    "token.end_flagged", TENANT,
    "DELETE FROM api_token WHERE org_id = $1 AND id = $2 AND flagged_us > 0 AND expires_us <= $3 "
    "RETURNING id, name, creator_id, expires_us",
    NULL};

static const struct statement DELETE_TOKEN = {
    "token.delete", TENANT,
    "DELETE FROM api_token WHERE org_id = $1 AND id = $2 RETURNING owner_id", NULL};

const struct statement API_TOKEN_DELETE_OF_USER = {
    "token.delete_of_user", TENANT, "DELETE FROM api_token WHERE org_id = $1 AND owner_id = $2",
    NULL};

const struct statement API_TOKEN_GUARD = {
    "token.guard", TENANT, "SELECT 1 FROM api_token WHERE org_id = $1 AND id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT_TOKEN,    &COUNT, &LIST, &FLAG, &END_FLAGGED, &DELETE_TOKEN, &API_TOKEN_DELETE_OF_USER,
    &API_TOKEN_GUARD,
};
const struct statement_list API_TOKEN_STATEMENTS = {STATEMENTS,
                                                    sizeof STATEMENTS / sizeof *STATEMENTS};

result api_token_store_insert(struct scope *scope, struct tx *tx, const struct api_token *token,
                              int64_t epoch, int64_t creator_epoch, struct str token_hash) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT_TOKEN,
                  VALUES(value_text(token->org_id), value_text(token->id),
                         value_text(str_from_c(credential_kind_name(token->kind))),
                         value_text(token_hash), value_text(token->name), value_text(token->scopes),
                         value_text_or_null(token->connection_id),
                         value_text_or_null(token->owner_id), value_number(epoch),
                         value_text_or_null(token->creator_id), value_number(creator_epoch),
                         value_number(token->created_us), value_number(token->expires_us)),
                  &rows);
}

result api_token_store_count(struct scope *scope, struct tx *tx, struct str org_id,
                             int64_t *ret_count) {
    struct rows rows;
    TRY(tx_run(scope, tx, &COUNT, VALUES(value_text(org_id)), &rows));
    *ret_count = rows_number(&rows, 0, 0);
    return OK_RESULT;
}

static enum credential_kind kind_of(struct str text) {
    if (str_eq(text, STR("scim"))) {
        return CREDENTIAL_SCIM_TOKEN;
    }
    return str_eq(text, STR("admin")) ? CREDENTIAL_ADMIN_TOKEN : CREDENTIAL_BOT_TOKEN;
}

static struct api_token decode(const struct rows *rows, size_t row) {
    return (struct api_token){
        .org_id = rows_text(rows, row, 0),
        .id = rows_text(rows, row, 1),
        .kind = kind_of(rows_text(rows, row, 2)),
        .name = rows_text(rows, row, 3),
        .scopes = rows_text(rows, row, 4),
        .connection_id = rows_text(rows, row, 5),
        .owner_id = rows_text(rows, row, 6),
        .creator_id = rows_text(rows, row, 7),
        .created_us = rows_number(rows, row, 8),
        .expires_us = rows_number(rows, row, 9),
        .used_us = rows_number(rows, row, 10),
        .flagged_us = rows_number(rows, row, 11),
        .is_creator_gone = rows_number(rows, row, 12) == 1,
    };
}

result api_token_list_all(struct scope *scope, struct db *db, struct str org_id,
                          struct api_token_list *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &LIST, VALUES(value_text(org_id), value_number(TOKENS_PER_ORG)), &rows));
    struct api_token *tokens = NEW_ARRAY(scope->arena, rows.count, struct api_token);
    for (size_t i = 0; i < rows.count; i++) {
        tokens[i] = decode(&rows, i);
    }
    *ret = (struct api_token_list){rows.count, tokens};
    return OK_RESULT;
}

result api_token_store_delete(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                              struct str *ret_owner_id) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DELETE_TOKEN, VALUES(value_text(org_id), value_text(id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "token.unknown");
    *ret_owner_id = rows_text(&rows, 0, 0);
    return OK_RESULT;
}

/* Of tokens that are flagged or end: id, name, maker, end. */
static void decode_flagged(struct scope *scope, const struct rows *rows, struct str org_id,
                           struct api_token_list *ret) {
    struct api_token *tokens = NEW_ARRAY(scope->arena, rows->count, struct api_token);
    for (size_t i = 0; i < rows->count; i++) {
        tokens[i] = (struct api_token){
            .org_id = org_id,
            .id = rows_text(rows, i, 0),
            .kind = CREDENTIAL_SCIM_TOKEN,
            .name = rows_text(rows, i, 1),
            .creator_id = rows_text(rows, i, 2),
            .expires_us = rows_number(rows, i, 3),
        };
    }
    *ret = (struct api_token_list){rows->count, tokens};
}

result api_token_store_flag(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, int64_t grace_us, struct api_token_list *ret) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct rows rows;
    TRY(tx_run(scope, tx, &FLAG,
               VALUES(value_text(org_id), value_text(user_id), value_number(now_us),
                      value_number(now_us + grace_us)),
               &rows));
    decode_flagged(scope, &rows, org_id, ret);
    return OK_RESULT;
}

result api_token_store_end(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                           struct api_token_list *ret) {
    struct rows rows;
    TRY(tx_run(
        scope, tx, &END_FLAGGED,
        VALUES(value_text(org_id), value_text(id), value_number(clock_now_us(scope->env->clock))),
        &rows));
    decode_flagged(scope, &rows, org_id, ret);
    return OK_RESULT;
}
