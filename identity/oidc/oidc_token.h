#pragma once
/* The token endpoint: code or refresh token in, tokens out. Nothing is retried: a code works once.
 */

#include "identity/connection.h"
#include "identity/identity.h"
#include "identity/oidc/oidc_metadata.h"

struct oidc_tokens {
    struct str access_token, id_token, refresh_token; /* the last two: empty when absent */
    int64_t expires_in_s;                             /* 0: not said */
};

struct oidc_grant {
    const struct identity *identity;
    const struct connection *connection;
    const struct oidc_metadata *metadata;
};

/* UNAUTHENTICATED "oidc.invalid_grant" (the provider takes the code or token back),
 * "oidc.client" (it does not know us), "oidc.token_answer" (anything that is no proper answer),
 * "oidc.token_type", "oidc.no_id_token"; UNAVAILABLE "oidc.token_away" for 5xx and silence. */
RESULT oidc_token_exchange(struct scope *scope, const struct oidc_grant *grant, struct str code,
                           struct str verifier, struct oidc_tokens *ret);
RESULT oidc_token_refresh(struct scope *scope, const struct oidc_grant *grant,
                          struct str refresh_token, struct oidc_tokens *ret);
/* RFC 7009 at the metadata's revocation endpoint. UNAVAILABLE "oidc.token_away" for 5xx;
 * UNAUTHENTICATED "oidc.not_revoked" for any other refusal, which another try would not change. */
RESULT oidc_token_revoke(struct scope *scope, const struct oidc_grant *grant,
                         struct str refresh_token);
/* Where the provider sends browsers back: one per connection. */
struct str oidc_redirect_uri(struct scope *scope, struct str public_url, struct str connection_id);
