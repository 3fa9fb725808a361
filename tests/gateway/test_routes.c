#include "gateway/routes.h"
#include "provisioning/scim/scim_http.h"

#include <string.h>

#include "tests/support/fixture.h"

static result find(struct fixture *f, enum http_method method, const char *path,
                   const struct route **ret, unsigned *ret_allowed) {
    struct http_request request = {.method = method, .path = str_from_c(path)};
    return route_find(&f->scope, &ROUTES, &request, ret, ret_allowed);
}

static void assert_leads_to(struct fixture *f, enum http_method method, const char *path,
                            const char *name) {
    const struct route *route = NULL;
    unsigned allowed = 0;
    assert_ok(find(f, method, path, &route, &allowed));
    assert_string_equal(route->name, name);
}

static void a_path_leads_to_its_row_and_a_literal_wins_over_an_argument(void **state) {
    struct fixture *f = *state;
    assert_leads_to(f, HTTP_GET, "/", "page.messenger");
    assert_leads_to(f, HTTP_GET, "/login/acme", "page.login_org");
    assert_leads_to(f, HTTP_POST, "/login/discover", "login.discover");
    assert_leads_to(f, HTTP_POST, "/api/v1/users/u-1/deactivate", "user.deactivate");
    assert_leads_to(f, HTTP_HEAD, "/version", "version");
    assert_leads_to(f, HTTP_GET, "/assets/app.css", "page.asset");
}

static void a_scim_client_may_append_a_slash_and_nobody_else(void **state) {
    struct fixture *f = *state;
    const struct route *route = NULL;
    unsigned allowed = 0;
    assert_leads_to(f, HTTP_GET, "/scim/v2/Users/", "scim.user_list");
    assert_leads_to(f, HTTP_PATCH, "/scim/v2/Groups/g-1", "scim.group_patch");
    assert_leads_to(f, HTTP_GET, "/scim/v2/Groups/", "scim.group_list");
    assert_failed(find(f, HTTP_GET, "/version/", &route, &allowed), &f->scope, NOT_FOUND,
                  "route.unknown");
}

static struct str org_of(struct fixture *f, const char *path, const char *name) {
    struct http_request request = {.method = HTTP_GET, .path = str_from_c(path)};
    const struct route *route = NULL;
    unsigned allowed = 0;
    assert_ok(route_find(&f->scope, &ROUTES, &request, &route, &allowed));
    assert_string_equal(route->name, name);
    return request.path_args[SCIM_ORG_ARG];
}

static void a_scim_client_may_name_its_organisation(void **state) {
    struct fixture *f = *state;
    assert_str(org_of(f, "/scim/acme/v2/Users", "scim.user_list"), "acme");
    assert_str(org_of(f, "/scim/acme/v2/Users/", "scim.user_list"), "acme");
    assert_str(org_of(f, "/scim/acme/v2/Users/u-1", "scim.user_get"), "acme");
    assert_str(org_of(f, "/scim/v2/Users/u-1", "scim.user_get"), "");
    assert_str(org_of(f, "/scim/acme/v2", "scim.root_list"), "acme");
    assert_str(org_of(f, "/scim/acme/v2/", "scim.root_list"), "acme");
    assert_str(org_of(f, "/scim/v2", "scim.root_list"), "");
    assert_str(org_of(f, "/scim/acme/v2/Groups/g-1", "scim.group_get"), "acme");
    assert_str(org_of(f, "/scim/v2/v2/Users", "scim.other_get"), "");
    const struct route *route = NULL;
    unsigned allowed = 0;
    const char *const NOWHERE[] = {"/scim/acme/v3/Users", "/scim//v2/Users", "/scim/acme/v20",
                                   "/scim/acme/Users", "/other/acme/v2/Users"};
    for (size_t i = 0; i < sizeof NOWHERE / sizeof NOWHERE[0]; i++) {
        assert_failed(find(f, HTTP_GET, NOWHERE[i], &route, &allowed), &f->scope, NOT_FOUND,
                      "route.unknown");
    }
}

static void what_does_not_exist_is_not_found_and_another_method_is_named(void **state) {
    struct fixture *f = *state;
    const struct route *route = NULL;
    unsigned allowed = 0;
    assert_failed(find(f, HTTP_GET, "/api/v1/nowhere", &route, &allowed), &f->scope, NOT_FOUND,
                  "route.unknown");
    assert_failed(find(f, HTTP_DELETE, "/version", &route, &allowed), &f->scope, INVALID,
                  "route.method");
    assert_int_equal(allowed, 1U << HTTP_GET | 1U << HTTP_HEAD);
    assert_failed(find(f, HTTP_GET, "/api/v1/users//deactivate", &route, &allowed), &f->scope,
                  NOT_FOUND, "route.unknown");
}

static bool is_write(const struct route *route) {
    return route->method != HTTP_GET && route->method != HTTP_HEAD;
}

static void every_write_with_a_cookie_demands_the_csrf_header(void **state) {
    (void) state;
    for (size_t i = 0; i < ROUTES.count; i++) {
        const struct route *route = &ROUTES.routes[i];
        const bool takes_cookie = route->auth == AUTH_SESSION || route->auth == AUTH_ADMIN;
        if (is_write(route) && takes_cookie && route->csrf != CSRF_YES) {
            fail_msg("%s takes a cookie without the CSRF header", route->name);
        }
    }
}

static void every_row_has_its_limits(void **state) {
    (void) state;
    for (size_t i = 0; i < ROUTES.count; i++) {
        const struct route *route = &ROUTES.routes[i];
        assert_true(route->pattern[0] == '/' && route->name[0] != '\0');
        /* Only administrators and directories may send a large document. */
        assert_true(route->body_limit <= (route->auth == AUTH_SCIM                 ? BODY_SCIM_GROUP
                                          : route->permission == MAY_MANAGE_ACCESS ? BODY_METADATA
                                                                                   : BODY_API));
        if (is_write(route)) {
            assert_true(route->rate != RATE_NONE);
        }
        if (route->auth == AUTH_NONE && is_write(route)) {
            assert_int_equal(route->rate, RATE_SIGN_IN); /* open to the world: the strict limit */
        }
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(route->name, ROUTES.routes[j].name);
        }
    }
}

static void what_may_cut_somebody_off_never_waits_behind_other_work(void **state) {
    (void) state;
    static const char *const REVOKING[] = {
        "user.deactivate",   "session.delete",   "user.sessions_end",
        "user.session_end",  "token.revoke",     "scim.user_patch",
        "scim.user_replace", "scim.user_delete", "connection.delete"};
    for (size_t i = 0; i < sizeof REVOKING / sizeof REVOKING[0]; i++) {
        bool is_found = false;
        for (size_t j = 0; j < ROUTES.count; j++) {
            if (strcmp(ROUTES.routes[j].name, REVOKING[i]) == 0) {
                is_found = true;
                assert_int_equal(ROUTES.routes[j].lane, RUN_REVOKING);
            }
        }
        assert_true(is_found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_path_leads_to_its_row_and_a_literal_wins_over_an_argument),
        SENTENCE(a_scim_client_may_append_a_slash_and_nobody_else),
        SENTENCE(a_scim_client_may_name_its_organisation),
        SENTENCE(what_does_not_exist_is_not_found_and_another_method_is_named),
        SENTENCE(every_write_with_a_cookie_demands_the_csrf_header),
        SENTENCE(every_row_has_its_limits),
        SENTENCE(what_may_cut_somebody_off_never_waits_behind_other_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
