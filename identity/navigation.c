#include "identity/navigation.h"

#include "base/cookie.h"

bool navigation_is(const struct http_request *request) {
    const struct str mode = http_header_get(request, "Sec-Fetch-Mode");
    if (mode.len > 0) {
        return str_eq(mode, STR("navigate"));
    }
    if (http_header_is_present(request, "X-Requested-With")) {
        return false;
    }
    const struct str accept = http_header_get(request, "Accept");
    return accept.len == 0 || str_find(accept, STR("text/html")) >= 0 ||
           str_find(accept, STR("*/*")) >= 0;
}

bool navigation_session(struct scope *scope, const struct call *call, struct principal *ret) {
    struct str cookie = STR("");
    struct credential credential;
    return is_ok(cookie_get(scope, http_header_get(call->request, "Cookie"),
                            str_from_c(session_cookie_name(call->identity)), &cookie)) &&
           cookie.len > 0 && is_ok(credential_parse_session(scope, cookie, &credential)) &&
           is_ok(principal_check(scope, call->db, &credential, ret));
}

bool navigation_has_session(struct scope *scope, const struct call *call) {
    struct principal principal;
    return navigation_session(scope, call, &principal);
}
