#pragma once
/* RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0). */

#include "identity/identity.h"

/* Where the browser goes on to sign out at the provider; empty when the session did not come from
 * one that can. To be asked before the session is ended, because its tokens end with it; the state
 * goes into a cookie. Calls nobody. */
RESULT oidc_logout_url(struct scope *scope, struct call *call, struct str org_id,
                       struct str session_id, struct str *ret_url);
/* The browser is back: OK without a state or with the one of its cookie, which is deleted. INVALID
 * "oidc.logout_state" for a foreign one. */
RESULT oidc_logout_check_return(struct scope *scope, struct call *call, struct str state);
