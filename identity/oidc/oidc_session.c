#include "identity/oidc/oidc_session.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"

enum { UNSAID_LIFE_S = 300 }; /* of an access token, when the provider does not say */

static struct str context(struct scope *scope, const struct oidc_session *session,
                          const char *column) {
    return str_format(scope->arena, "oidc_session/%.*s/%.*s/%s", STR_ARG(session->org_id),
                      STR_ARG(session->session_id), column);
}

result oidc_session_set_tokens(struct scope *scope, const struct identity *identity,
                               const struct oidc_tokens *tokens, struct oidc_session *session) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    const int64_t life_s = tokens->expires_in_s > 0 ? tokens->expires_in_s : UNSAID_LIFE_S;
    if (tokens->id_token.len > 0) {
        TRY(seal(scope, identity->seal_key, context(scope, session, "id_token"), tokens->id_token,
                 &session->id_token_sealed));
    }
    if (tokens->refresh_token.len > 0) {
        TRY(seal(scope, identity->seal_key, context(scope, session, "refresh_token"),
                 tokens->refresh_token, &session->refresh_token_sealed));
    }
    session->refreshed_us = now_us;
    session->access_expires_us = now_us + S_TO_US(life_s);
    return OK_RESULT;
}

static result open_token(struct scope *scope, const struct identity *identity,
                         const struct oidc_session *session, const char *column, struct str sealed,
                         struct str *ret) {
    REQUIRE(scope,
            is_ok(unseal(scope, identity->seal_key, context(scope, session, column), sealed, ret)),
            INTERNAL, "oidc.seal");
    return OK_RESULT;
}

result oidc_session_id_token(struct scope *scope, const struct identity *identity,
                             const struct oidc_session *session, struct str *ret) {
    return open_token(scope, identity, session, "id_token", session->id_token_sealed, ret);
}

result oidc_session_refresh_token(struct scope *scope, const struct identity *identity,
                                  const struct oidc_session *session, struct str *ret) {
    return open_token(scope, identity, session, "refresh_token", session->refresh_token_sealed,
                      ret);
}
