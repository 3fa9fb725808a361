#include "gateway/live_messenger.h"

#include "base/json.h"
#include "messaging/live_command.h"

result live_messenger(struct scope *scope, struct call *call) {
    const struct json *command = NULL;
    struct str id = {"", 0};
    TRY(json_read(scope, call->request->body, &command));
    TRY(json_need_string(scope, command, STR("id"), &id));
    TRY(call_require(scope, call, MAY_USE_MESSENGER));
    struct json *ack = json_new_object(scope->arena);
    json_set(scope->arena, ack, STR("type"), json_new_string(scope->arena, STR("ack")));
    json_set(scope->arena, ack, STR("id"), json_new_string(scope->arena, id));
    const struct live_call live = {call->db, call->actor, &call->notice};
    TRY(live_command_run(scope, &live, command, ack));
    call->response->body = json_write(scope->arena, ack);
    return OK_RESULT;
}
