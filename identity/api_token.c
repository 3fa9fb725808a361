#include "identity/api_token.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/api_token_store.h"
#include "identity/connection.h"
#include "messaging/audit.h"
#include "messaging/revoke.h"
#include "messaging/user.h"

static bool is_line(struct str text, size_t limit) {
    return text.len <= limit && str_is_utf8(text) && !str_has_control(text);
}

static result check_input(struct scope *scope, const struct new_api_token *input) {
    REQUIRE(scope, input->kind != CREDENTIAL_SESSION, INVALID, "token.kind");
    REQUIRE(scope, input->name.len > 0 && is_line(input->name, TOKEN_NAME_MAX_BYTES), INVALID,
            "token.name");
    /* Nothing narrows a token by its scopes: to take them would promise less than it may do. */
    REQUIRE(scope, str_is_empty(input->scopes), INVALID, "token.scopes");
    REQUIRE(scope, input->expires_us > clock_now_us(scope->env->clock), INVALID, "token.expiry");
    return OK_RESULT;
}

static result audit_token(struct scope *scope, struct tx *tx, const struct token_end *end,
                          enum audit_action action) {
    const struct audit audit = {
        .org_id = end->org_id,
        .actor = end->actor,
        .source = end->source,
        .action = action,
        .subject_kind = SUBJECT_TOKEN,
        .subject_id = end->id,
        .request_id = end->request_id,
    };
    return audit_append(scope, tx, &audit);
}

/* The token of a person is a credential of that person: guarded like a sign-in (rule 3), under the
 * epoch that was proved or read before. */
static result own(struct scope *scope, struct tx *tx, const struct new_api_token *input,
                  struct api_token *token, int64_t *ret_epoch) {
    if (input->kind == CREDENTIAL_SCIM_TOKEN) {
        *ret_epoch = 0;
        return OK_RESULT;
    }
    const bool is_actors = str_is_empty(input->owner_id);
    REQUIRE(scope, !is_actors || input->actor->kind == ACTOR_USER, INVALID, "token.owner");
    const struct str owner_id = is_actors ? input->actor->id : input->owner_id;
    const int64_t epoch = is_actors ? input->actor->epoch : input->owner_epoch;
    TRY(user_guard_active(scope, tx, input->org_id, owner_id, epoch));
    token->owner_id = owner_id;
    *ret_epoch = epoch;
    return OK_RESULT;
}

static result source_connection(struct scope *scope, struct tx *tx,
                                const struct new_api_token *input, struct api_token *token) {
    if (input->kind != CREDENTIAL_SCIM_TOKEN) {
        return OK_RESULT;
    }
    if (str_is_empty(input->connection_id)) {
        return connection_create_scim(scope, tx, input->org_id, input->name, &token->connection_id);
    }
    struct connection connection;
    TRY(connection_find(scope, tx_db(tx), input->org_id, input->connection_id, &connection));
    REQUIRE(scope, connection.kind == CONNECTION_SCIM, NOT_FOUND, "connection.unknown");
    token->connection_id = connection.id;
    return OK_RESULT;
}

static result write_token(struct scope *scope, struct tx *tx, const struct new_api_token *input,
                          struct api_token *token, struct str token_hash) {
    TRY(user_guard_actor(scope, tx, input->actor));
    int64_t epoch = 0;
    TRY(own(scope, tx, input, token, &epoch));
    int64_t count = 0;
    TRY(api_token_store_count(scope, tx, input->org_id, &count));
    REQUIRE(scope, count < TOKENS_PER_ORG, CONFLICT, "token.limit");
    TRY(source_connection(scope, tx, input, token));
    const bool is_person = input->actor->kind == ACTOR_USER;
    token->creator_id = is_person ? input->actor->id : STR("");
    TRY(api_token_store_insert(scope, tx, token, epoch, is_person ? input->actor->epoch : 0,
                               token_hash));
    const struct token_end note = {.org_id = input->org_id,
                                   .id = token->id,
                                   .actor = input->actor,
                                   .source = input->source,
                                   .request_id = input->request_id};
    return audit_token(scope, tx, &note, AUDIT_TOKEN_CREATED);
}

result api_token_create(struct scope *scope, struct db *db, const struct new_api_token *input,
                        struct api_token *ret, struct str *ret_secret) {
    TRY(check_input(scope, input));
    struct api_token token = {
        .org_id = input->org_id,
        .id = uuid_v7(scope),
        .kind = input->kind,
        .name = input->name,
        .scopes = input->scopes,
        .created_us = clock_now_us(scope->env->clock),
        .expires_us = input->expires_us,
    };
    struct str secret, token_hash;
    TRY(credential_make(scope, input->kind, input->org_id, &secret, &token_hash));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(write_token(scope, tx, input, &token, token_hash));
    TRY(tx_commit(scope, tx));
    *ret = token;
    *ret_secret = secret;
    return OK_RESULT;
}

static result end_token(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                        const struct token_end *end, struct revocation *ret) {
    TRY(user_guard_actor(scope, tx, end->actor));
    struct str owner_id;
    TRY(api_token_store_delete(scope, tx, end->org_id, end->id, &owner_id));
    TRY(audit_token(scope, tx, end, AUDIT_TOKEN_REVOKED));
    const struct revoking what = {
        .org_id = end->org_id,
        .kind = REVOKED_TOKEN,
        .subject = end->id,
        .user_id = owner_id,
        .source = end->source,
        .reason = STR("token.revoked"),
        .received_us = end->received_us,
        .tokens = 1,
    };
    return revoke_in(scope, messaging, tx, &what, ret);
}

result api_token_revoke(struct scope *scope, const struct messaging *messaging, struct db *db,
                        const struct token_end *end, struct revoked *ret) {
    struct str generation;
    TRY(db_generation(scope, db, &generation));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_REVOCATION, &tx));
    struct revocation row;
    TRY(end_token(scope, messaging, tx, end, &row));
    TRY(tx_commit(scope, tx));
    revoke_done(scope, &row, generation, ret);
    return OK_RESULT;
}
