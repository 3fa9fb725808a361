#pragma once
/* What libmicrohttpd lets through and we do not: requests that another parser on the way could
 * frame differently (platform notes in docs/ARCHITECTURE.md; RFC 9112 sections 5 and 6). Pure. */

#include "base/http_values.h"

/* INVALID "http.header_name", "http.header_value", "http.duplicate_header", "http.framing". */
RESULT http_guard(struct scope *scope, const struct http_request *request);

/* A well-formed request to open a WebSocket (RFC 6455 section 4.2.1) with the subprotocol
 * gatehouse.v1, from a page of `public_url` when it carries a cookie. INVALID "live.upgrade",
 * "ws.key", FORBIDDEN "live.origin". *ret_accept is the Sec-WebSocket-Accept value. */
RESULT http_upgrade_check(struct scope *scope, const struct http_request *request,
                          struct str public_url, struct str *ret_accept);
