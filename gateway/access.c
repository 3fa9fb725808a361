#include "gateway/access.h"

#include <assert.h>

#include "base/crypto.h"
#include "base/env.h"

static bool is_kind_accepted(enum route_auth auth, enum credential_kind kind) {
    switch (auth) {
    case AUTH_NONE: return true;
    case AUTH_SESSION: return kind == CREDENTIAL_SESSION;
    case AUTH_ADMIN: return kind == CREDENTIAL_SESSION || kind == CREDENTIAL_ADMIN_TOKEN;
    case AUTH_SCIM: return kind == CREDENTIAL_SCIM_TOKEN;
    }
    return false;
}

/* A request that a foreign page made the browser send carries the cookie, but cannot know this
 * header's value. */
static RESULT check_csrf(struct scope *scope, const struct principal *principal,
                         const struct http_request *request) {
    const struct str header = http_header_get(request, "X-Gatehouse-Csrf");
    REQUIRE(scope, header.len > 0 && header.len <= 128, FORBIDDEN, "access.csrf");
    REQUIRE(scope, secret_equal(sha256_text(scope->arena, header), principal->csrf_hash), FORBIDDEN,
            "access.csrf");
    return OK_RESULT;
}

result access_check(struct scope *scope, const struct route *route,
                    const struct principal *principal, const struct http_request *request) {
    if (route->auth == AUTH_NONE) {
        return OK_RESULT;
    }
    REQUIRE(scope, principal != NULL, UNAUTHENTICATED, "access.credential");
    REQUIRE(scope, is_kind_accepted(route->auth, principal->kind), FORBIDDEN, "access.kind");
    REQUIRE(scope, !principal->is_org_closing, FORBIDDEN, "access.org_closing");
    if (route->permission != PERMISSION_COUNT) {
        REQUIRE(scope, principal->actor.kind == ACTOR_USER, FORBIDDEN, "access.permission");
        REQUIRE(scope, role_may(principal->actor.role, route->permission), FORBIDDEN,
                "access.permission");
    }
    if (route->csrf == CSRF_YES && principal->kind == CREDENTIAL_SESSION) {
        TRY(check_csrf(scope, principal, request));
    }
    return OK_RESULT;
}
