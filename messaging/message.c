#include "messaging/message.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/event_log.h"
#include "base/random.h"
#include "base/time_text.h"
#include "messaging/conversation.h"
#include "messaging/event_write.h"
#include "messaging/message_store.h"
#include "messaging/user.h"

static void set_text(struct scope *scope, struct json *object, struct str name, struct str text) {
    json_set(scope->arena, object, name, json_new_string(scope->arena, text));
}

const struct json *message_json(struct scope *scope, const struct message *message) {
    struct json *sender = json_new_object(scope->arena);
    set_text(scope, sender, STR("id"), message->sender_id);
    set_text(scope, sender, STR("display_name"), message->sender_name);
    struct json *json = json_new_object(scope->arena);
    set_text(scope, json, STR("id"), message->id);
    set_text(scope, json, STR("conversation"), message->conversation_id);
    json_set(scope->arena, json, STR("sender"), sender);
    set_text(scope, json, STR("text"), message->text);
    set_text(scope, json, STR("created_at"), time_format(scope->arena, message->created_us));
    if (message->edited_us != 0) {
        set_text(scope, json, STR("edited_at"), time_format(scope->arena, message->edited_us));
    }
    json_set(scope->arena, json, STR("seq"), json_new_integer(scope->arena, message->seq));
    return json;
}

static result check_text(struct scope *scope, struct str text) {
    REQUIRE(scope, text.len <= MESSAGE_MAX_BYTES, TOO_LARGE, "message.size");
    REQUIRE(scope, text.len > 0 && str_is_utf8(text) && str_find_byte(text, '\0') < 0, INVALID,
            "message.text");
    return OK_RESULT;
}

static result check_nonce(struct scope *scope, struct str nonce) {
    REQUIRE(scope,
            nonce.len > 0 && nonce.len <= NONCE_MAX_BYTES && str_is_utf8(nonce) &&
                !str_has_control(nonce),
            INVALID, "message.nonce");
    return OK_RESULT;
}

static struct str payload_of(struct scope *scope, const char *type,
                             const struct conversation *conversation,
                             const struct message *message) {
    struct json *audience = NULL;
    if (conversation->kind == CONVERSATION_DIRECT) {
        audience = json_new_array(scope->arena);
        json_append(scope->arena, audience,
                    json_new_string(scope->arena, conversation->members[0]));
        json_append(scope->arena, audience,
                    json_new_string(scope->arena, conversation->members[1]));
    }
    struct json *event = json_new_object(scope->arena);
    set_text(scope, event, STR("type"), str_from_c(type));
    json_set(scope->arena, event, STR("message"), message_json(scope, message));
    return event_payload(scope, audience, event);
}

/* The order of revocation.md rule 4: head, then the guard as a statement of its own, then the
 * rows. The guard before the head would let a write wait behind a deactivation and then commit. */
static result write_new(struct scope *scope, struct tx *tx, const struct actor *actor,
                        const struct conversation *conversation, struct message *message,
                        bool *ret_is_new) {
    TRY(event_head_bump(scope, tx, actor->org_id, &message->seq));
    TRY(user_guard_writer(scope, tx, actor));
    TRY(message_store_insert(scope, tx, message, ret_is_new));
    if (!*ret_is_new) {
        return OK_RESULT;
    }
    return event_insert(scope, tx, actor->org_id, message->seq, STR("message.created"),
                        payload_of(scope, "message.created", conversation, message));
}

/* *ret_is_new false: nothing was written, the nonce is known. */
static result try_send(struct scope *scope, struct db *db, const struct actor *actor,
                       const struct conversation *conversation, struct message *message,
                       bool *ret_is_new) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct user sender;
    TRY(user_find(scope, tx_db(tx), actor->org_id, actor->id, &sender));
    message->sender_name =
        str_is_empty(sender.display_name) ? sender.user_name : sender.display_name;
    TRY(write_new(scope, tx, actor, conversation, message, ret_is_new));
    return *ret_is_new ? tx_commit(scope, tx) : OK_RESULT;
}

result message_send(struct scope *scope, struct db *db, const struct actor *actor,
                    const struct new_message *input, struct message *ret) {
    TRY(check_text(scope, input->text));
    TRY(check_nonce(scope, input->nonce));
    struct conversation conversation;
    TRY(conversation_find(scope, db, actor->org_id, actor->id, input->conversation_id,
                          &conversation));
    struct message message = {
        .org_id = actor->org_id,
        .id = uuid_v7(scope),
        .conversation_id = conversation.id,
        .sender_id = actor->id,
        .nonce = input->nonce,
        .text = input->text,
        .created_us = clock_now_us(scope->env->clock),
    };
    bool is_new = false;
    TRY(try_send(scope, db, actor, &conversation, &message, &is_new));
    if (!is_new) {
        return message_store_by_nonce(scope, db, actor->org_id, actor->id, input->nonce, ret);
    }
    *ret = message;
    return OK_RESULT;
}

static result change(struct scope *scope, struct db *db, const struct actor *actor,
                     const char *type, const struct message *message) {
    struct conversation conversation;
    TRY(conversation_find(scope, db, actor->org_id, actor->id, message->conversation_id,
                          &conversation));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    int64_t seq = 0;
    TRY(event_head_bump(scope, tx, actor->org_id, &seq));
    TRY(user_guard_writer(scope, tx, actor));
    TRY(message_store_change(scope, tx, message));
    TRY(event_insert(scope, tx, actor->org_id, seq, str_from_c(type),
                     payload_of(scope, type, &conversation, message)));
    return tx_commit(scope, tx);
}

static result find_own(struct scope *scope, struct db *db, const struct actor *actor, struct str id,
                       struct message *ret) {
    struct message message;
    TRY(message_store_find(scope, db, actor->org_id, id, &message));
    REQUIRE(scope, str_eq(message.sender_id, actor->id) && message.deleted_us == 0, NOT_FOUND,
            "message.unknown");
    *ret = message;
    return OK_RESULT;
}

result message_edit(struct scope *scope, struct db *db, const struct actor *actor, struct str id,
                    struct str text, struct message *ret) {
    TRY(check_text(scope, text));
    struct message message;
    TRY(find_own(scope, db, actor, id, &message));
    message.text = text;
    message.edited_us = clock_now_us(scope->env->clock);
    TRY(change(scope, db, actor, "message.edited", &message));
    *ret = message;
    return OK_RESULT;
}

/* The text goes, the row keeps its place in the order. */
result message_delete(struct scope *scope, struct db *db, const struct actor *actor, struct str id,
                      struct message *ret) {
    struct message message;
    TRY(find_own(scope, db, actor, id, &message));
    message.text = STR("");
    message.edited_us = 0;
    message.deleted_us = clock_now_us(scope->env->clock);
    TRY(change(scope, db, actor, "message.deleted", &message));
    *ret = message;
    return OK_RESULT;
}
