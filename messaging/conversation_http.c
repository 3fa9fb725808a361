#include "base/json.h"
#include "base/random.h"
#include "messaging/api_json.h"
#include "messaging/message.h"
#include "messaging/messaging_http.h"

result conversations_list_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_USE_MESSENGER));
    struct page_request page;
    TRY(call_page(scope, call, &page));
    struct conversation_list list;
    TRY(conversation_list_of(scope, call->db, call->actor->org_id, call->actor->id, page.limit,
                             page.cursor, &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        api_conversation(&out, &list.conversations[i]);
    }
    http_answer_json(call->response, 200, api_list_end(&out, list.next_cursor));
    return OK_RESULT;
}

result conversation_open_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_USE_MESSENGER));
    const struct json *body = NULL;
    TRY(call_json(scope, call, &body));
    struct str kind = STR("");
    struct str user_id = STR("");
    TRY(json_need_string(scope, body, STR("kind"), &kind));
    TRY(json_need_string(scope, body, STR("user_id"), &user_id));
    REQUIRE(scope, str_eq(kind, STR("direct")), INVALID, "conversation.kind");
    struct conversation conversation;
    bool is_new = false;
    TRY(conversation_open_direct(scope, call->db, call->actor, user_id, &conversation, &is_new));
    struct json_out out = json_out_begin(scope->arena);
    api_conversation(&out, &conversation);
    http_answer_json(call->response, is_new ? 201 : 200, json_out_end(&out));
    return OK_RESULT;
}

static result read_before(struct scope *scope, const struct call *call, int64_t *ret) {
    struct str before = STR("");
    TRY(call_query(scope, call, STR("before"), &before));
    if (str_is_empty(before)) { /* what other lists call it */
        TRY(call_query(scope, call, STR("cursor"), &before));
    }
    *ret = 0;
    if (!str_is_empty(before)) {
        REQUIRE(scope, is_ok(parse_i64(scope, before, 1, INT64_MAX, ret)), INVALID, "page.cursor");
    }
    return OK_RESULT;
}

result messages_list_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_USE_MESSENGER));
    struct page_request page;
    TRY(call_page(scope, call, &page));
    int64_t before = 0;
    TRY(read_before(scope, call, &before));
    struct conversation conversation;
    TRY(conversation_find(scope, call->db, call->actor->org_id, call->actor->id,
                          call->request->path_args[0], &conversation));
    struct message_list list;
    TRY(message_history(scope, call->db, call->actor->org_id, conversation.id, page.limit, before,
                        &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        json_out_value(&out, message_json(scope, &list.messages[i]));
    }
    const struct str next = list.next_before == 0
                                ? STR("")
                                : str_format(scope->arena, "%lld", (long long) list.next_before);
    http_answer_json(call->response, 200, api_list_end(&out, next));
    return OK_RESULT;
}

result message_send_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_USE_MESSENGER));
    const struct json *body = NULL;
    TRY(call_json(scope, call, &body));
    struct new_message input = {.conversation_id = call->request->path_args[0]};
    TRY(json_need_string(scope, body, STR("text"), &input.text));
    TRY(json_optional_string(scope, body, STR("nonce"), &input.nonce));
    if (str_is_empty(input.nonce)) {
        input.nonce = uuid_v7(scope);
    }
    struct message message;
    TRY(message_send(scope, call->db, call->actor, &input, &message));
    http_answer_json(call->response, 201, json_write(scope->arena, message_json(scope, &message)));
    return OK_RESULT;
}
