#pragma once
/* What a provider publishes about itself (OpenID Connect Discovery 1.0 section 4.3). Pure. */

#include "base/result.h"
#include "base/str.h"

struct oidc_metadata {
    struct str issuer, authorization_endpoint, token_endpoint, jwks_uri;
    struct str userinfo_endpoint, end_session_endpoint, revocation_endpoint; /* empty: none */
    bool is_iss_announced; /* RFC 9207: every answer carries iss */
    unsigned algs;         /* ID token signatures that we know too; all bits when it does not say */
};

/* {issuer without its trailing slash}/.well-known/openid-configuration */
struct str oidc_metadata_url(struct scope *scope, struct str issuer);
/* UNAVAILABLE "oidc.metadata", "oidc.issuer_mismatch" (not byte for byte ours), "oidc.endpoint"
 * (absent or not https), "oidc.algorithms" (nothing that we verify). */
RESULT oidc_metadata_parse(struct scope *scope, struct str issuer, struct str text,
                           struct oidc_metadata *ret);
