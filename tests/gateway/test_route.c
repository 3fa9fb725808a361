#include "gateway/route.h"
#include "tests/support/fixture.h"

#define ROW(method_, pattern_)                                                                     \
    ROUTE(method_, pattern_, AUTH_NONE, PERMISSION_COUNT, CSRF_NO, 0, RATE_NONE, RUN_SHARD,        \
          ERRORS_PROBLEM, pattern_, NULL)

static const struct route ROWS[] = {
    ROW(HTTP_GET, "/"),
    ROW(HTTP_GET, "/users"),
    ROW(HTTP_POST, "/users"),
    ROW(HTTP_GET, "/users/me"),
    ROW(HTTP_GET, "/users/{id}"),
    ROW(HTTP_POST, "/users/{id}/sessions/{session}"),
    ROW(HTTP_GET, "/assets/{path*}"),
};
static const struct route_list LIST = {ROWS, sizeof ROWS / sizeof ROWS[0]};

struct found {
    result outcome;
    const char *pattern;
    unsigned allowed;
    struct http_request request;
};

static struct found find(struct fixture *f, enum http_method method, const char *path) {
    struct found found = {.request = {.method = method, .path = str_from_c(path)}};
    const struct route *route = NULL;
    found.outcome = route_find(&f->scope, &LIST, &found.request, &route, &found.allowed);
    found.pattern = route == NULL ? "" : route->pattern;
    return found;
}

static void literal_paths_and_arguments_are_found(void **state) {
    static const struct {
        enum http_method method;
        const char *path, *pattern, *first, *second;
    } CASES[] = {
        {HTTP_GET, "/", "/", "", ""},
        {HTTP_GET, "/users", "/users", "", ""},
        {HTTP_GET, "/users/me", "/users/me", "", ""},
        {HTTP_GET, "/users/17", "/users/{id}", "17", ""},
        {HTTP_HEAD, "/users/17", "/users/{id}", "17", ""},
        {HTTP_POST, "/users/17/sessions/4", "/users/{id}/sessions/{session}", "17", "4"},
        {HTTP_GET, "/assets/a/b.js", "/assets/{path*}", "a/b.js", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct found found = find(*state, CASES[i].method, CASES[i].path);
        assert_ok(found.outcome);
        assert_string_equal(found.pattern, CASES[i].pattern);
        assert_str(found.request.path_args[0], CASES[i].first);
        assert_str(found.request.path_args[1], CASES[i].second);
    }
}

static void neighbours_are_unknown(void **state) {
    struct fixture *f = *state;
    static const char *const PATHS[] = {"/user",
                                        "/users/",
                                        "/users/17/",
                                        "/users/17/sessions",
                                        "/users/17/sessions/",
                                        "/Users",
                                        "//users",
                                        "/users/17/sessions/4/5"};
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        const struct found found = find(f, HTTP_POST, PATHS[i]);
        assert_failed(found.outcome, &f->scope, NOT_FOUND, "route.unknown");
    }
}

static void another_method_is_told_what_is_allowed(void **state) {
    struct fixture *f = *state;
    const struct found found = find(f, HTTP_DELETE, "/users");
    assert_failed(found.outcome, &f->scope, INVALID, "route.method");
    assert_int_equal(found.allowed, 1U << HTTP_GET | 1U << HTTP_HEAD | 1U << HTTP_POST);
    const struct found post_only = find(f, HTTP_HEAD, "/users/17/sessions/4");
    assert_failed(post_only.outcome, &f->scope, INVALID, "route.method");
    assert_int_equal(post_only.allowed, 1U << HTTP_POST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(literal_paths_and_arguments_are_found),
        SENTENCE(neighbours_are_unknown),
        SENTENCE(another_method_is_told_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
