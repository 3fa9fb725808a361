#pragma once
/* One call to a provider's endpoint: deadlines, private CA and size caps of its connection, and an
 * answer that is a JSON object or nothing. */

#include "base/http_client.h"
#include "base/json.h"

struct connection;

struct oidc_answer {
    int status;
    struct str text;
    const struct json *json; /* the body if it is an object without duplicate members under a JSON
                                content type; else NULL */
};

/* What the HTTP client refuses or misses is UNAVAILABLE with its reason. */
RESULT oidc_call(struct scope *scope, const struct connection *connection,
                 const struct http_call *call, struct oidc_answer *ret);
/* GET, exactly 200 with JSON: UNAVAILABLE "oidc.status", "oidc.answer". */
RESULT oidc_get(struct scope *scope, const struct connection *connection, struct str url,
                const struct http_header *authorization, struct oidc_answer *ret);
