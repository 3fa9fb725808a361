#pragma once
/* What a browser on its way to or from a provider says about itself. */

#include "identity/identity.h"
#include "identity/principal.h"

/* A script that follows redirects would start sign-ins nobody sees. Browsers say what they are
 * doing (Fetch Metadata); others are taken at their Accept header. */
bool navigation_is(const struct http_request *request);
/* Whose session the browser has; false: none that is valid. */
bool navigation_session(struct scope *scope, const struct call *call, struct principal *ret);
bool navigation_has_session(struct scope *scope, const struct call *call);
