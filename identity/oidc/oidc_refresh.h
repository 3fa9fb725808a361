#pragma once
/* Asks the provider whether a session may go on: one flight per session over all nodes, by a lease
 * in the session's row that outlives every time-out of the calls in it. */

#include "identity/identity.h"

struct oidc_refreshed {
    bool was_due;
    bool has_ended; /* the provider took the session back: it is over here too */
    int64_t access_expires_us;
};

/* For the session of call->actor. NOT_FOUND "oidc.no_session", CONFLICT "oidc.no_refresh_token".
 * What the provider takes back (invalid_grant) or answers with somebody else's token ends the
 * session; silence and 5xx keep it and are UNAVAILABLE. */
RESULT oidc_refresh(struct scope *scope, struct call *call, struct oidc_refreshed *ret);
