#pragma once
/* The provider's tokens of a session, sealed at rest under the session's own name. */

#include "identity/connection.h"
#include "identity/identity.h"
#include "identity/oidc/oidc_session_store.h"
#include "identity/oidc/oidc_token.h"

/* Seals both tokens; an empty refresh token keeps what is sealed already. Sets the times. */
RESULT oidc_session_set_tokens(struct scope *scope, const struct identity *identity,
                               const struct oidc_tokens *tokens, struct oidc_session *session);
RESULT oidc_session_id_token(struct scope *scope, const struct identity *identity,
                             const struct oidc_session *session, struct str *ret);
RESULT oidc_session_refresh_token(struct scope *scope, const struct identity *identity,
                                  const struct oidc_session *session, struct str *ret);
