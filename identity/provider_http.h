#pragma once
/* What administrators see of the provider behind a connection: facts, certificates, how fetching
 * goes, and what waits for them. SAML and OpenID connections. */

#include "messaging/call.h"

struct connection;

RESULT connection_provider_http(struct scope *scope, struct call *call); /* {id}/provider */
/* {id}/provider/refresh; outbound. A provider that answers wrongly is a 200 that says so. */
RESULT connection_provider_refresh_http(struct scope *scope, struct call *call);
/* {id}/provider/accept {hash} */
RESULT connection_provider_accept_http(struct scope *scope, struct call *call);

/* The member "health" of a connection: {checked_at, good_at, failure, waits}, or null. */
RESULT provider_write_health(struct scope *scope, struct db *db,
                             const struct connection *connection, struct json_out *out);
