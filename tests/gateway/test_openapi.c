/* The document and the route table say the same: every operation is a route, every route an
 * operation, with the same name, credential and CSRF rule. */

#include "tests/support/fixture.h"

#include "base/json.h"
#include "gateway/routes.h"
#include "gateway/web/assets.h"

static const struct json *document_of(struct fixture *fixture) {
    const struct asset *asset = asset_find(STR("/api/v1/openapi.json"));
    assert_non_null(asset);
    const struct json *document = NULL;
    assert_ok(json_read(&fixture->scope, asset->bytes, &document));
    return json_get(document, STR("paths"));
}

static struct str method_in_document(struct fixture *fixture, enum http_method method) {
    return str_lower_ascii(fixture->scope.arena, str_from_c(http_method_name(method)));
}

/* "{path*}" is "{path}" in OpenAPI. */
static struct str path_in_document(struct fixture *fixture, const char *pattern) {
    struct strbuf buf = strbuf_begin(fixture->scope.arena, 256);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '*') {
            strbuf_add_byte(&buf, *at);
        }
    }
    return strbuf_str(&buf);
}

/* Files that pages load; of SCIM the second spelling, and what answers for all that is not there.
 */
static bool is_left_out(struct str path) {
    const bool is_scim = str_has_prefix(path, STR("/scim/v2/"));
    return str_has_prefix(path, STR("/assets/")) ||
           (is_scim && (str_has_suffix(path, STR("/")) || str_has_suffix(path, STR("*}"))));
}

static const struct json *operation_of(struct fixture *fixture, const struct json *paths,
                                       const struct route *route) {
    const struct json *item = json_get(paths, path_in_document(fixture, route->pattern));
    return json_get(item, method_in_document(fixture, route->method));
}

static bool has_way(const struct json *security, struct str scheme) {
    for (size_t i = 0; i < json_count(security); i++) {
        if (json_get(json_at(security, i), scheme) != NULL) {
            return true;
        }
    }
    return false;
}

static enum route_auth auth_in_document(const struct json *security) {
    if (has_way(security, STR("scimToken"))) {
        return AUTH_SCIM;
    }
    if (has_way(security, STR("adminToken"))) {
        return AUTH_ADMIN;
    }
    return has_way(security, STR("cookie")) ? AUTH_SESSION : AUTH_NONE;
}

static void every_route_is_described_as_it_is(void **state) {
    struct fixture *fixture = *state;
    const struct json *paths = document_of(fixture);
    for (size_t i = 0; i < ROUTES.count; i++) {
        const struct route *route = &ROUTES.routes[i];
        if (is_left_out(str_from_c(route->pattern))) {
            continue;
        }
        const struct json *operation = operation_of(fixture, paths, route);
        if (operation == NULL) {
            fail_msg("not in the document: %s %s", route->name, route->pattern);
        }
        assert_str(json_as_string(json_get(operation, STR("operationId"))), route->name);
        const struct json *security = json_get(operation, STR("security"));
        const bool has_csrf = has_way(security, STR("csrf"));
        if (auth_in_document(security) != route->auth || has_csrf != (route->csrf == CSRF_YES)) {
            fail_msg("%s: the document asks for another credential", route->name);
        }
    }
}

static bool is_route(struct fixture *fixture, struct str path, struct str method) {
    for (size_t i = 0; i < ROUTES.count; i++) {
        const struct route *route = &ROUTES.routes[i];
        if (str_eq(path_in_document(fixture, route->pattern), path) &&
            str_eq(method_in_document(fixture, route->method), method)) {
            return true;
        }
    }
    return false;
}

static void every_operation_is_a_route(void **state) {
    struct fixture *fixture = *state;
    const struct json *paths = document_of(fixture);
    assert_true(json_count(paths) > 20);
    for (size_t i = 0; i < json_count(paths); i++) {
        const struct json_member item = json_member_at(paths, i);
        for (size_t j = 0; j < json_count(item.value); j++) {
            const struct str method = json_member_at(item.value, j).name;
            if (!str_eq(method, STR("parameters")) && !is_route(fixture, item.name, method)) {
                fail_msg("no route: %.*s %.*s", STR_ARG(method), STR_ARG(item.name));
            }
        }
    }
}

/* A changing call with a cookie and without the CSRF rule would be a hole. */
static void every_changing_call_with_a_cookie_has_the_csrf_rule(void **state) {
    (void) state;
    for (size_t i = 0; i < ROUTES.count; i++) {
        const struct route *route = &ROUTES.routes[i];
        const bool has_cookie = route->auth == AUTH_SESSION || route->auth == AUTH_ADMIN;
        if (has_cookie && route->method != HTTP_GET && route->csrf != CSRF_YES) {
            fail_msg("%s: no CSRF rule", route->name);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(every_route_is_described_as_it_is),
        SENTENCE(every_operation_is_a_route),
        SENTENCE(every_changing_call_with_a_cookie_has_the_csrf_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
