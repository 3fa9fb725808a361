#include "identity/oidc/oidc_refresh.h"

#include <poll.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/oidc/oidc_provider.h"
#include "identity/oidc/oidc_session.h"
#include "identity/session.h"
#include "messaging/user.h"

enum {
    DUE_BEFORE_S = 10,
    LEASE_S = 30, /* four calls of five seconds fit in */
    OWNER_BYTES = 12,
    WAIT_MS = 50,
    WAIT_ROUNDS = 160
};

static bool is_due(const struct scope *scope, const struct oidc_session *session) {
    return clock_now_us(scope->env->clock) >= session->access_expires_us - S_TO_US(DUE_BEFORE_S);
}

/* The nonce of the sign-in, out of the ID token that was verified then. */
static result first_nonce(struct scope *scope, const struct identity *identity,
                          const struct oidc_session *session, struct str *ret) {
    struct jwt jwt = {.kid = STR("")};
    struct jwt_claims *claims = NEW(scope->arena, struct jwt_claims);
    TRY(oidc_session_id_token(scope, identity, session, &jwt.text));
    REQUIRE(scope, is_ok(jwt_decode_claims(scope, &jwt, claims)), INTERNAL, "oidc.seal");
    *ret = claims->nonce;
    return OK_RESULT;
}

/* OpenID Connect Core section 12.2; an answer without an ID token is fine. */
static result check_tokens(struct scope *scope, const struct call *call,
                           const struct connection *connection, const struct oidc_session *session,
                           const struct oidc_tokens *tokens) {
    if (tokens->id_token.len == 0) {
        return OK_RESULT;
    }
    struct str nonce;
    TRY(first_nonce(scope, call->identity, session, &nonce));
    const struct jwt_policy policy = jwt_policy_refresh(&connection->oidc, session->subject, nonce);
    struct jwt jwt;
    struct jwt_claims *claims = NEW(scope->arena, struct jwt_claims);
    TRY(oidc_provider_verify(scope, call->identity->oidc, connection, tokens->id_token, &policy,
                             &jwt, claims));
    return jwt_check_at_hash(scope, jwt.alg, claims, tokens->access_token);
}

static result ask_provider(struct scope *scope, const struct call *call,
                           const struct connection *connection, const struct oidc_session *session,
                           struct oidc_tokens *ret) {
    struct oidc_metadata metadata;
    struct str refresh_token;
    TRY(oidc_provider_metadata(scope, call->identity->oidc, connection, &metadata));
    TRY(oidc_session_refresh_token(scope, call->identity, session, &refresh_token));
    const struct oidc_grant grant = {call->identity, connection, &metadata};
    return oidc_token_refresh(scope, &grant, refresh_token, ret);
}

/* Rule 3 of revocation.md: the guard comes first. */
static result store(struct scope *scope, const struct call *call,
                    const struct oidc_session *session, struct str owner) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(user_guard_active(scope, tx, session->org_id, session->user_id, call->actor->epoch));
    TRY(oidc_session_store_refreshed(scope, tx, session, owner));
    return tx_commit(scope, tx);
}

static result take_lease(struct scope *scope, const struct call *call,
                         const struct oidc_session *session, struct str owner, bool *ret_is_held) {
    const int64_t until_us = clock_now_us(scope->env->clock) + S_TO_US(LEASE_S);
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(oidc_session_lease(scope, tx, session, owner, until_us, ret_is_held));
    return tx_commit(scope, tx);
}

static result give_lease_back(struct scope *scope, const struct call *call,
                              const struct oidc_session *session, struct str owner) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(oidc_session_unlease(scope, tx, session, owner));
    return tx_commit(scope, tx);
}

static result end_session(struct scope *scope, struct call *call,
                          const struct oidc_session *session) {
    const struct session_end end = {
        .org_id = session->org_id,
        .user_id = session->user_id,
        .session_id = session->session_id,
        .actor = call->actor,
        .source = SOURCE_SIGNAL,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
    return session_end(scope, call->messaging, call->db, &end, &call->revoked);
}

/* When the check could not be made, the new refresh token is kept all the same: the old one may be
 * spent. */
static result settle(struct scope *scope, struct call *call, const struct connection *connection,
                     const struct oidc_session *before, struct str owner,
                     const struct oidc_tokens *tokens) {
    struct oidc_session after = *before;
    const result checked = check_tokens(scope, call, connection, before, tokens);
    const char *reason = scope->reason;
    if (checked.code == UNAVAILABLE) {
        const struct oidc_tokens unchecked = {.refresh_token = tokens->refresh_token,
                                              .id_token = STR("")};
        TRY(oidc_session_set_tokens(scope, call->identity, &unchecked, &after));
        after.access_expires_us = before->access_expires_us; /* still due */
        TRY(store(scope, call, &after, owner));
        scope->reason = reason;
        return checked;
    }
    TRY(checked);
    TRY(oidc_session_set_tokens(scope, call->identity, tokens, &after));
    return store(scope, call, &after, owner);
}

static bool is_final(const struct scope *scope, result failure) {
    return failure.code == UNAUTHENTICATED &&
           !str_eq(str_from_c(scope->reason), STR("user.gone")) &&
           !str_eq(str_from_c(scope->reason), STR("oidc.client")) &&
           !str_eq(str_from_c(scope->reason), STR("oidc.token_answer")) &&
           !str_eq(str_from_c(scope->reason), STR("oidc.token_type"));
}

static result refresh_with_lease(struct scope *scope, struct call *call,
                                 const struct oidc_session *session, struct str owner,
                                 struct oidc_refreshed *ret) {
    struct connection connection;
    struct oidc_tokens tokens;
    TRY(connection_find(scope, call->db, session->org_id, session->connection_id, &connection));
    TRY(oidc_provider_enter(scope, call->identity->oidc, &connection));
    result done = ask_provider(scope, call, &connection, session, &tokens);
    if (is_ok(done)) {
        done = settle(scope, call, &connection, session, owner, &tokens);
    }
    oidc_provider_leave(call->identity->oidc, connection.id);
    if (is_ok(done)) {
        return OK_RESULT;
    }
    if (is_final(scope, done)) {
        ret->has_ended = true;
        return end_session(scope, call, session);
    }
    const char *reason = scope->reason;
    TRY(give_lease_back(scope, call, session, owner));
    scope->reason = reason;
    /* A provider that misunderstands us says nothing about the person. */
    return done.code == UNAUTHENTICATED && !str_eq(str_from_c(reason), STR("user.gone"))
               ? (result){UNAVAILABLE}
               : done;
}

static result find_due(struct scope *scope, const struct call *call, struct oidc_session *ret) {
    TRY(oidc_session_find(scope, call->db, call->actor->org_id, call->actor->credential_id, ret));
    REQUIRE(scope, ret->refresh_token_sealed.len > 0, CONFLICT, "oidc.no_refresh_token");
    return OK_RESULT;
}

result oidc_refresh(struct scope *scope, struct call *call, struct oidc_refreshed *ret) {
    const struct str owner = random_token(scope, OWNER_BYTES);
    struct oidc_refreshed refreshed = {.was_due = false};
    for (int round = 0; round < WAIT_ROUNDS; round++) {
        struct oidc_session session;
        TRY(find_due(scope, call, &session));
        refreshed.access_expires_us = session.access_expires_us;
        if (!is_due(scope, &session) || refreshed.was_due) {
            *ret = refreshed;
            return OK_RESULT;
        }
        bool is_held = false;
        TRY(take_lease(scope, call, &session, owner, &is_held));
        if (is_held) {
            refreshed.was_due = true;
            TRY(refresh_with_lease(scope, call, &session, owner, &refreshed));
            if (refreshed.has_ended) {
                *ret = refreshed;
                return OK_RESULT;
            }
            continue;
        }
        /* Somebody else is at it, here or on another node: the row tells when it is done. */
        (void) poll(NULL, 0, WAIT_MS);
    }
    return FAIL(scope, UNAVAILABLE, "oidc.refresh_busy");
}
