#include "gateway/live_messenger.h"

#include "base/json.h"
#include "messaging/conversation.h"
#include "messaging/message.h"

/* What a command's ack carries. */
struct done {
    struct str id;
    const struct json *message;
};

typedef result (*command_run)(struct scope *scope, struct call *call, const struct json *command,
                              struct done *done);

static RESULT need_permission(struct scope *scope, const struct call *call) {
    return call_require(scope, call, MAY_USE_MESSENGER);
}

static result send_message(struct scope *scope, struct call *call, const struct json *command,
                           struct done *done) {
    struct new_message input = {{"", 0}, {"", 0}, {"", 0}};
    TRY(json_need_string(scope, command, STR("conversation"), &input.conversation_id));
    TRY(json_need_string(scope, command, STR("text"), &input.text));
    TRY(json_need_string(scope, command, STR("nonce"), &input.nonce));
    struct message message;
    TRY(message_send(scope, call->db, call->actor, &input, &message));
    done->message = message_json(scope, &message);
    return OK_RESULT;
}

static result edit_message(struct scope *scope, struct call *call, const struct json *command,
                           struct done *done) {
    struct str id = {"", 0};
    struct str body = {"", 0};
    TRY(json_need_string(scope, command, STR("message"), &id));
    TRY(json_need_string(scope, command, STR("text"), &body));
    struct message message;
    TRY(message_edit(scope, call->db, call->actor, id, body, &message));
    done->message = message_json(scope, &message);
    return OK_RESULT;
}

static result delete_message(struct scope *scope, struct call *call, const struct json *command,
                             struct done *done) {
    struct str id = {"", 0};
    TRY(json_need_string(scope, command, STR("message"), &id));
    struct message message;
    TRY(message_delete(scope, call->db, call->actor, id, &message));
    done->message = message_json(scope, &message);
    return OK_RESULT;
}

static result mark_read(struct scope *scope, struct call *call, const struct json *command,
                        struct done *done) {
    (void) done;
    struct str conversation_id = {"", 0};
    int64_t seq = 0;
    TRY(json_need_string(scope, command, STR("conversation"), &conversation_id));
    TRY(json_optional_integer(scope, command, STR("seq"), 0, INT64_MAX, &seq));
    return conversation_mark_read(scope, call->db, call->actor, conversation_id, seq);
}

static const struct {
    struct str type;
    command_run run;
} COMMANDS[] = {
    {STR_INIT("send"), send_message},
    {STR_INIT("edit"), edit_message},
    {STR_INIT("delete"), delete_message},
    {STR_INIT("read"), mark_read},
};

static RESULT find_command(struct scope *scope, struct str type, command_run *ret) {
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (str_eq(COMMANDS[i].type, type)) {
            *ret = COMMANDS[i].run;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "live.type");
}

result live_messenger(struct scope *scope, struct call *call) {
    const struct json *command = NULL;
    struct str type = {"", 0};
    struct done done = {{"", 0}, NULL};
    command_run run = NULL;
    TRY(json_read(scope, call->request->body, &command));
    TRY(json_need_string(scope, command, STR("type"), &type));
    TRY(json_need_string(scope, command, STR("id"), &done.id));
    TRY(find_command(scope, type, &run));
    TRY(need_permission(scope, call));
    TRY(run(scope, call, command, &done));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "type", STR("ack"));
    json_out_member(&out, "id", done.id);
    if (done.message != NULL) {
        json_out_name(&out, "message");
        json_out_value(&out, done.message);
    }
    json_out_close_object(&out);
    call->response->body = json_out_end(&out);
    return OK_RESULT;
}
