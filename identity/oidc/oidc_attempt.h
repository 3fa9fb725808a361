#pragma once
/* One sign-in under way: a row on our side, a cookie in the browser that started it. State finds
 * the row, the cookie proves the browser, and the row is gone after its first use. */

#include "identity/connection.h"
#include "identity/identity.h"

struct oidc_attempt {
    struct str nonce, verifier; /* PKCE code_verifier */
    struct str return_path;
};

struct oidc_attempt_begun {
    struct str state; /* in clear: for the provider */
    struct oidc_attempt attempt;
};

/* Writes the row and adds the Set-Cookie line; the oldest of five cookies gives way. */
RESULT oidc_attempt_begin(struct scope *scope, struct call *call,
                          const struct connection *connection, struct str return_path,
                          struct oidc_attempt_begun *ret);
/* Consumes the row, once, and only for the browser that holds its cookie, which is deleted.
 * FORBIDDEN "oidc.attempt" for unknown, used, expired, or another browser: one reason. */
RESULT oidc_attempt_consume(struct scope *scope, struct call *call,
                            const struct connection *connection, struct str state,
                            struct oidc_attempt *ret);
/* base64url SHA-256 of the verifier (RFC 7636 section 4.2). */
struct str oidc_attempt_challenge(struct scope *scope, const struct oidc_attempt *attempt);
