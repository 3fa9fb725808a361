#include "messaging/live_command.h"

#include "base/arena.h"
#include "messaging/conversation.h"
#include "messaging/message.h"

typedef result (*command_function)(struct scope *scope, const struct live_call *call,
                                   const struct json *command, struct json *ack);

static void put_message(struct scope *scope, struct json *ack, const struct message *message) {
    json_set(scope->arena, ack, STR("message"), message_json(scope, message));
}

static result run_send(struct scope *scope, const struct live_call *call,
                       const struct json *command, struct json *ack) {
    struct new_message input = {0};
    TRY(json_need_string(scope, command, STR("conversation"), &input.conversation_id));
    TRY(json_need_string(scope, command, STR("text"), &input.text));
    TRY(json_need_string(scope, command, STR("nonce"), &input.nonce));
    struct message message;
    TRY(message_send(scope, call->db, call->actor, &input, &message));
    put_message(scope, ack, &message);
    return OK_RESULT;
}

static result run_edit(struct scope *scope, const struct live_call *call,
                       const struct json *command, struct json *ack) {
    struct str id = STR("");
    struct str text = STR("");
    TRY(json_need_string(scope, command, STR("message"), &id));
    TRY(json_need_string(scope, command, STR("text"), &text));
    struct message message;
    TRY(message_edit(scope, call->db, call->actor, id, text, &message));
    put_message(scope, ack, &message);
    return OK_RESULT;
}

static result run_delete(struct scope *scope, const struct live_call *call,
                         const struct json *command, struct json *ack) {
    struct str id = STR("");
    TRY(json_need_string(scope, command, STR("message"), &id));
    struct message message;
    TRY(message_delete(scope, call->db, call->actor, id, &message));
    put_message(scope, ack, &message);
    return OK_RESULT;
}

static result run_read(struct scope *scope, const struct live_call *call,
                       const struct json *command, struct json *ack) {
    struct str conversation_id = STR("");
    int64_t seq = -1;
    TRY(json_need_string(scope, command, STR("conversation"), &conversation_id));
    TRY(json_optional_integer(scope, command, STR("seq"), 0, INT64_MAX, &seq));
    REQUIRE(scope, seq >= 0, INVALID, "json.missing");
    TRY(conversation_mark_read(scope, call->db, call->actor, conversation_id, seq));
    json_set(scope->arena, ack, STR("seq"), json_new_integer(scope->arena, seq));
    return OK_RESULT;
}

/* Told to those who are there, never stored: it means nothing a moment later. */
static result run_typing(struct scope *scope, const struct live_call *call,
                         const struct json *command, struct json *ack) {
    struct str id = STR("");
    struct conversation conversation;
    (void) ack;
    TRY(json_need_string(scope, command, STR("conversation"), &id));
    TRY(conversation_find(scope, call->db, call->actor->org_id, call->actor->id, id,
                          &conversation));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "type", STR("typing"));
    json_out_member(&out, "conversation", conversation.id);
    json_out_member(&out, "user", call->actor->id);
    json_out_close_object(&out);
    *call->notice = (struct live_notice){
        .text = json_out_end(&out),
        .is_org_wide = conversation.kind == CONVERSATION_GENERAL,
        .audience = {conversation.members[0], conversation.members[1]},
    };
    return OK_RESULT;
}

static const struct {
    struct str name;
    command_function run;
} COMMANDS[] = {
    {STR_INIT("send"), run_send},     {STR_INIT("edit"), run_edit},
    {STR_INIT("delete"), run_delete}, {STR_INIT("read"), run_read},
    {STR_INIT("typing"), run_typing},
};

result live_command_run(struct scope *scope, const struct live_call *call,
                        const struct json *command, struct json *ack) {
    struct str name = STR("");
    TRY(json_need_string(scope, command, STR("type"), &name));
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (str_eq(name, COMMANDS[i].name)) {
            return COMMANDS[i].run(scope, call, command, ack);
        }
    }
    return FAIL(scope, INVALID, "live.command");
}
