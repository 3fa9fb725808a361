#include "messaging/call.h"

#include "base/arena.h"
#include "base/form.h"

enum { PAGE_DEFAULT = 50, PAGE_MAX = 200, CURSOR_MAX_BYTES = 64 };

result call_query(struct scope *scope, const struct call *call, struct str name, struct str *ret) {
    struct form *form = NEW(scope->arena, struct form);
    TRY(form_parse(scope, call->request->query, form));
    return form_get(scope, form, name, ret, NULL);
}

result call_page(struct scope *scope, const struct call *call, struct page_request *ret) {
    struct page_request page = {.limit = PAGE_DEFAULT};
    struct str limit = STR("");
    TRY(call_query(scope, call, STR("limit"), &limit));
    if (!str_is_empty(limit)) {
        REQUIRE(scope, is_ok(parse_i64(scope, limit, 1, PAGE_MAX, &page.limit)), INVALID,
                "page.limit");
    }
    TRY(call_query(scope, call, STR("cursor"), &page.cursor));
    REQUIRE(scope, page.cursor.len <= CURSOR_MAX_BYTES && !str_has_control(page.cursor), INVALID,
            "page.cursor");
    *ret = page;
    return OK_RESULT;
}

result call_json(struct scope *scope, const struct call *call, const struct json **ret) {
    REQUIRE(scope, str_eq(http_content_type(scope, call->request), STR("application/json")),
            INVALID, "request.body");
    const struct json *body = NULL;
    TRY(json_read(scope, call->request->body, &body));
    REQUIRE(scope, json_is_object(body), INVALID, "request.body");
    *ret = body;
    return OK_RESULT;
}

result call_require(struct scope *scope, const struct call *call, enum permission permission) {
    REQUIRE(scope,
            call->actor != NULL && call->actor->kind == ACTOR_USER &&
                role_may(call->actor->role, permission),
            FORBIDDEN, "role.forbidden");
    return OK_RESULT;
}
