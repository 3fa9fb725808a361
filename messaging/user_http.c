#include "base/json.h"
#include "messaging/api_json.h"
#include "messaging/deactivation.h"
#include "messaging/messaging_http.h"

static bool sees_all(const struct call *call) {
    return role_may(call->actor->role, MAY_MANAGE_PEOPLE);
}

result users_list_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_LIST_PEOPLE));
    struct page_request page;
    TRY(call_page(scope, call, &page));
    struct str filter = STR("");
    TRY(call_query(scope, call, STR("filter"), &filter));
    struct user_list list;
    TRY(sees_all(call) ? user_list(scope, call->db, call->actor->org_id, filter, page.limit,
                                   page.cursor, &list)
                       : user_list_directory(scope, call->db, call->actor->org_id, filter,
                                             page.limit, page.cursor, &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        api_user(&out, &list.users[i], sees_all(call));
    }
    http_answer_json(call->response, 200, api_list_end(&out, list.next_cursor));
    return OK_RESULT;
}

result user_get_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_LIST_PEOPLE));
    struct user user;
    TRY(user_find(scope, call->db, call->actor->org_id, call->request->path_args[0], &user));
    struct json_out out = json_out_begin(scope->arena);
    api_user(&out, &user, sees_all(call) || str_eq(user.id, call->actor->id));
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

/* The body is optional: {"reason": …}. */
static result read_change(struct scope *scope, const struct call *call, struct state_change *ret) {
    struct state_change change = {
        .org_id = call->actor->org_id,
        .user_id = call->request->path_args[0],
        .actor = call->actor,
        .source = SOURCE_CONSOLE,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
    if (!str_is_empty(call->request->body)) {
        const struct json *body = NULL;
        TRY(call_json(scope, call, &body));
        TRY(json_optional_string(scope, body, STR("reason"), &change.reason));
    }
    *ret = change;
    return OK_RESULT;
}

/* Who was taken out before there were receipts has none. */
static result write_receipt(struct scope *scope, const struct call *call, struct json_out *out) {
    struct receipt receipt;
    const result found =
        receipt_find(scope, call->db, call->actor->org_id, call->revoked.id, &receipt);
    json_out_name(out, "revocation");
    if (found.code == NOT_FOUND) {
        json_out_null(out);
        return OK_RESULT;
    }
    TRY(found);
    api_receipt(scope, out, &receipt);
    return OK_RESULT;
}

/* Only a creator touches a creator. */
static result check_rank(struct scope *scope, const struct call *call, const struct user *user) {
    REQUIRE(scope, user->role != ROLE_CREATOR || call->actor->role == ROLE_CREATOR, FORBIDDEN,
            "role.forbidden");
    return OK_RESULT;
}

static result find_person(struct scope *scope, const struct call *call, struct user *ret) {
    TRY(call_require(scope, call, MAY_MANAGE_PEOPLE));
    TRY(user_find(scope, call->db, call->actor->org_id, call->request->path_args[0], ret));
    return check_rank(scope, call, ret);
}

result user_deactivate_http(struct scope *scope, struct call *call) {
    struct user user;
    TRY(find_person(scope, call, &user));
    struct state_change change;
    TRY(read_change(scope, call, &change));
    TRY(user_deactivate(scope, call->messaging, call->db, &change, &call->revoked));
    TRY(user_find(scope, call->db, change.org_id, change.user_id, &user));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "user");
    api_user(&out, &user, true);
    TRY(write_receipt(scope, call, &out));
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

result user_reactivate_http(struct scope *scope, struct call *call) {
    struct user user;
    TRY(find_person(scope, call, &user));
    struct state_change change;
    TRY(read_change(scope, call, &change));
    TRY(user_reactivate(scope, call->messaging, call->db, &change));
    TRY(user_find(scope, call->db, change.org_id, change.user_id, &user));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "user");
    api_user(&out, &user, true);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}
