#pragma once
/* May this principal call this route? The one place that reads the policy columns of the route
 * table; run right before every handler, on the shard or on a worker. */

#include "gateway/route.h"
#include "identity/principal.h"

/* UNAUTHENTICATED or FORBIDDEN, reasons "access.…". `principal` may be NULL on AUTH_NONE only. */
RESULT access_check(struct scope *scope, const struct route *route,
                    const struct principal *principal, const struct http_request *request);
