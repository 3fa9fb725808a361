#pragma once
/* The one session check (revocation.md rule 5): credential, its owner's state and epoch,
 * organisation and connection in one statement. */

#include "messaging/actor.h"

enum credential_kind {
    CREDENTIAL_SESSION,
    CREDENTIAL_SCIM_TOKEN,
    CREDENTIAL_ADMIN_TOKEN,
    CREDENTIAL_BOT_TOKEN
};

struct principal {
    struct actor actor; /* credential_guard filled in */
    enum credential_kind kind;
    struct str connection_id; /* of the sign-in or of the token; empty: none */
    struct str csrf_hash;     /* sessions: base64url SHA-256 of the X-Gatehouse-Csrf value */
    struct str scopes;        /* tokens: blank-separated */
    struct str token_hash;    /* key of caches: base64url SHA-256 of the presented secret */
    int64_t expires_us;       /* wall clock; the earlier of idle and absolute limit */
    bool is_org_closing;
};

/* The organisation's id in front of every secret we hand out, and the hash it is stored under.
 * UNAUTHENTICATED "credential.malformed" for text that cannot be one of ours. */
struct credential {
    enum credential_kind kind;
    struct str org_id;
    struct str token_hash;
};
RESULT credential_parse_session(struct scope *scope, struct str cookie_value,
                                struct credential *ret);
RESULT credential_parse_bearer(struct scope *scope, struct str authorization,
                               struct credential *ret);
/* A fresh secret: "ghs_…" etc. for tokens, no prefix for sessions; and its stored hash. */
RESULT credential_make(struct scope *scope, enum credential_kind kind, struct str org_id,
                       struct str *ret_secret, struct str *ret_token_hash);

/* UNAUTHENTICATED "credential.unknown" for unknown, expired, revoked, owner not active,
 * organisation not active: one reason, nothing leaks which. */
RESULT principal_check(struct scope *scope, struct db *db, const struct credential *credential,
                       struct principal *ret);

/* The CSRF rule: a state-changing call with a cookie carries in X-Gatehouse-Csrf what was handed
 * out with the session. Tokens are exempt. FORBIDDEN "csrf.missing", "csrf.mismatch". */
RESULT csrf_check(struct scope *scope, const struct principal *principal, struct str header);
/* Derived from the cookie's secret, so that who holds the session can be told it again; only its
 * hash is stored. */
struct str csrf_of_session(struct scope *scope, struct str cookie_value);
const char *credential_kind_name(enum credential_kind kind);
