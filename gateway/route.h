#pragma once
/* One row per route: method, path, who may call, and every limit. Security policy is one screen
 * (gateway/routes.c); rows are written with ROUTE so that a missing cell does not compile. */

#include "base/http_values.h"
#include "messaging/call.h"

enum route_auth {
    AUTH_NONE,
    AUTH_SESSION, /* a person's cookie */
    AUTH_ADMIN,   /* a person's cookie, or an admin token (gha_…) */
    AUTH_SCIM,    /* a SCIM token (ghs_…) */
};

enum route_csrf { CSRF_NO, CSRF_YES }; /* cookie calls need X-Gatehouse-Csrf */

/* Where the handler runs. */
enum route_lane {
    RUN_SHARD,    /* on the shard, from memory: no database, no blocking */
    RUN_DATABASE, /* a database worker */
    RUN_REVOKING, /* a database worker, in the lane that never waits behind other work */
    RUN_CPU,      /* password hashing */
    RUN_OUTBOUND, /* talks to an identity provider */
    RUN_SAML,     /* waits for the jail; {connection} is the first name in the path */
    ROUTE_LANE_COUNT
};

/* Requests per minute and client address (or token): a named limit each. */
enum route_rate { RATE_NONE, RATE_DEFAULT, RATE_SIGN_IN, RATE_SCIM, ROUTE_RATE_COUNT };

/* What kind of errors its clients expect. */
enum route_errors { ERRORS_PROBLEM, ERRORS_SCIM, ERRORS_PAGE };

struct route {
    enum http_method method;
    const char
        *pattern; /* "/api/v1/users/{id}/deactivate"; "{path*}" as the last piece takes the rest */
    enum route_auth auth;
    enum permission permission; /* PERMISSION_COUNT: none beyond auth */
    enum route_csrf csrf;
    size_t body_limit;
    enum route_rate rate;
    enum route_lane lane;
    enum route_errors errors;
    const char *name; /* "user.deactivate": metrics, logs, OpenAPI's operationId */
    call_handler handler;
};

struct route_list {
    const struct route *routes;
    size_t count;
};

#define ROUTE(method_, pattern_, auth_, permission_, csrf_, limit_, rate_, lane_, errors_, name_,  \
              handler_)                                                                            \
    { method_, pattern_, auth_, permission_, csrf_, limit_, rate_, lane_, errors_, name_, handler_ }

/* NOT_FOUND "route.unknown"; INVALID "route.method" with *ret_allowed (bits 1 << method) when the
 * path exists for other methods: 405 with Allow. HEAD falls back to GET. Fills path_args. */
RESULT route_find(struct scope *scope, const struct route_list *list, struct http_request *request,
                  const struct route **ret, unsigned *ret_allowed);

extern const struct route_list ROUTES;
