#include "identity/oidc/oidc_revocation.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "identity/oidc/oidc_provider.h"
#include "identity/oidc/oidc_revocation_store.h"
#include "identity/oidc/oidc_session.h"

enum { AT_ONCE = 8 };
static const int64_t KEPT_US = S_TO_US(86400);

static result enqueue(struct scope *scope, struct tx *tx, const struct oidc_revocation *token,
                      int64_t now_us) {
    struct json *payload = json_new_object(scope->arena);
    json_set(scope->arena, payload, STR("session"),
             json_new_string(scope->arena, token->session_id));
    return job_enqueue(scope, tx, token->org_id, STR(OIDC_REVOKE_JOB),
                       json_write(scope->arena, payload), now_us);
}

result oidc_revocation_schedule(struct scope *scope, struct db *db) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct oidc_revocation *due = NULL;
    size_t count = 0;
    bool is_due = false;
    TRY(oidc_revocation_store_is_due(scope, db, now_us - KEPT_US, &is_due));
    if (!is_due) {
        return OK_RESULT;
    }
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(oidc_revocation_store_forget(scope, tx, now_us - KEPT_US));
    TRY(oidc_revocation_store_claim(scope, tx, now_us, AT_ONCE, &due, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(enqueue(scope, tx, &due[i], now_us));
    }
    return tx_commit(scope, tx);
}

/* OK also when there is nothing to call: best effort means that nobody waits for it. */
static result revoke(struct scope *scope, const struct identity *identity, struct db *db,
                     const struct oidc_revocation *token) {
    struct connection connection;
    struct oidc_metadata metadata;
    struct str refresh_token;
    const struct oidc_session session = {.org_id = token->org_id,
                                         .session_id = token->session_id,
                                         .refresh_token_sealed = token->token_sealed};
    const result found =
        connection_find(scope, db, token->org_id, token->connection_id, &connection);
    if (found.code == NOT_FOUND) {
        return OK_RESULT;
    }
    TRY(found);
    TRY(oidc_provider_metadata(scope, identity->oidc, &connection, &metadata));
    if (metadata.revocation_endpoint.len == 0) {
        return OK_RESULT;
    }
    TRY(oidc_session_refresh_token(scope, identity, &session, &refresh_token));
    TRY(oidc_provider_enter(scope, identity->oidc, &connection));
    const struct oidc_grant grant = {identity, &connection, &metadata};
    const result revoked = oidc_token_revoke(scope, &grant, refresh_token);
    oidc_provider_leave(identity->oidc, connection.id);
    return revoked;
}

result oidc_revocation_run(struct scope *scope, const struct identity *identity, struct db *db,
                           const struct job *job) {
    const struct json *payload = NULL;
    struct str session_id = STR("");
    struct oidc_revocation token;
    TRY(json_read(scope, job->payload, &payload));
    TRY(json_need_string(scope, payload, STR("session"), &session_id));
    const result found = oidc_revocation_store_find(scope, db, job->org_id, session_id, &token);
    if (found.code == NOT_FOUND) {
        return OK_RESULT;
    }
    TRY(found);
    const result revoked = revoke(scope, identity, db, &token);
    if (revoked.code == UNAVAILABLE) {
        return revoked;
    }
    if (!is_ok(revoked)) {
        log_info(scope, "oidc.not_revoked", LOG_ORG(job->org_id),
                 LOG_ID("connection", token.connection_id), LOG_REASON(scope));
    }
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(oidc_revocation_store_delete(scope, tx, token.org_id, token.session_id));
    return tx_commit(scope, tx);
}
