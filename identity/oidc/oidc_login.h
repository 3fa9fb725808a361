#pragma once
/* A sign-in from the first redirect to the session: RFC 6749 section 4.1 with PKCE (RFC 7636),
 * OpenID Connect Core section 3.1, RFC 9207. */

#include "identity/connection.h"
#include "identity/identity.h"

/* What the provider sent the browser back with. */
struct oidc_callback {
    struct str code, state, iss; /* empty: absent */
    bool has_iss, has_error;
};

/* The query of the callback, pure: INVALID "oidc.callback" when it is malformed or one of code,
 * state, iss, error is there twice. */
RESULT oidc_callback_parse(struct scope *scope, struct str query, struct oidc_callback *ret);

/* Writes the attempt and its cookie; `*ret_url` is where the browser goes. NOT_FOUND
 * "connection.unknown" unless the connection is open to people. */
RESULT oidc_login_begin(struct scope *scope, struct call *call, const struct connection *connection,
                        struct str return_path, struct str login_hint, struct str *ret_url);
/* All checks of the callback in their order, then the one login completion. FORBIDDEN
 * "oidc.attempt", "oidc.iss", "oidc.refused" (the provider said no); else the reasons of token,
 * jwt, userinfo and login_complete. */
RESULT oidc_login_finish(struct scope *scope, struct call *call,
                         const struct connection *connection, const struct oidc_callback *callback,
                         struct login_result *ret, struct str *ret_return_path);
