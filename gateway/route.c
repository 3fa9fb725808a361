#include "gateway/route.h"

#include <string.h>

#include "provisioning/scim/scim_http.h"

/* Takes the piece behind the leading slash; *path goes on with the next slash. */
static struct str next_piece(struct str *path) {
    const struct str behind = str_from(*path, 1);
    const ptrdiff_t at = str_find_byte(behind, '/');
    *path = at < 0 ? STR("") : str_from(behind, (size_t) at);
    return at < 0 ? behind : str_first(behind, (size_t) at);
}

static bool is_argument(struct str piece) {
    return piece.len > 2 && piece.at[0] == '{' && piece.at[piece.len - 1] == '}';
}

static bool takes_rest(struct str piece) {
    return is_argument(piece) && piece.at[piece.len - 2] == '*';
}

struct match {
    size_t count;
    struct str args[HTTP_MAX_PATH_ARGS];
};

static bool matches(struct str pattern, struct str path, struct match *ret) {
    struct match match = {0};
    while (pattern.len > 0 && path.len > 0) {
        const struct str whole = path;
        const struct str want = next_piece(&pattern);
        const struct str have = next_piece(&path);
        if (!is_argument(want)) {
            if (!str_eq(want, have)) {
                return false;
            }
            continue;
        }
        if (match.count == HTTP_MAX_PATH_ARGS) {
            return false;
        }
        if (takes_rest(want)) {
            match.args[match.count++] = str_from(whole, 1);
            *ret = match;
            return true;
        }
        if (have.len == 0) {
            return false;
        }
        match.args[match.count++] = have;
    }
    *ret = match;
    return pattern.len == 0 && path.len == 0;
}

/* A quick look that spares most rows the splitting: equal up to the first argument. */
static bool may_match(const char *pattern, struct str path) {
    size_t i = 0;
    while (i < path.len && pattern[i] == path.at[i] && pattern[i] != '{' && pattern[i] != '\0') {
        i++;
    }
    return pattern[i] == '{' || (pattern[i] == '\0' && i == path.len);
}

static bool is_method(const struct route *route, enum http_method method) {
    return route->method == method || (method == HTTP_HEAD && route->method == HTTP_GET);
}

static unsigned methods_of(const struct route *route) {
    const unsigned bit = 1U << route->method;
    return route->method == HTTP_GET ? bit | 1U << HTTP_HEAD : bit;
}

/* Some SCIM clients ask for /Users/?filter=…, and some of a provider's forms want an address for
 * each organisation, /scim/{org}/v2; nobody else gets two addresses for one thing. */
static struct str path_of(struct scope *scope, const struct http_request *request,
                          struct str *ret_org) {
    const struct str path = request->path;
    const struct str root = STR("/scim/");
    *ret_org = STR("");
    if (!str_has_prefix(path, root)) {
        return path;
    }
    const bool has_slash = str_has_suffix(path, STR("/"));
    const struct str whole = has_slash ? str_first(path, path.len - 1) : path;
    struct str first = STR("");
    const struct str rest = str_split(str_from(whole, root.len), '/', &first);
    const bool has_version = str_eq(rest, STR("v2")) || str_has_prefix(rest, STR("v2/"));
    if (first.len == 0 || str_eq(first, STR("v2")) || !has_version) {
        return whole;
    }
    *ret_org = first;
    return str_format(scope->arena, "/scim/%.*s", STR_ARG(rest));
}

/* Rows are tried in order, so a literal row stands before one with an argument in its place. */
result route_find(struct scope *scope, const struct route_list *list, struct http_request *request,
                  const struct route **ret, unsigned *ret_allowed) {
    unsigned allowed = 0;
    struct str org = STR("");
    const struct str path = path_of(scope, request, &org);
    for (size_t i = 0; i < list->count; i++) {
        const struct route *route = &list->routes[i];
        struct match match;
        if (!may_match(route->pattern, path) ||
            !matches(str_from_c(route->pattern), path, &match)) {
            continue;
        }
        if (is_method(route, request->method)) {
            memcpy(request->path_args, match.args, sizeof request->path_args);
            request->path_args[SCIM_ORG_ARG] = org.len > 0 ? org : request->path_args[SCIM_ORG_ARG];
            *ret = route;
            return OK_RESULT;
        }
        allowed |= methods_of(route);
    }
    *ret_allowed = allowed;
    REQUIRE(scope, allowed != 0, NOT_FOUND, "route.unknown");
    return FAIL(scope, INVALID, "route.method");
}
