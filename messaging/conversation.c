#include "messaging/conversation.h"

#include "base/arena.h"
#include "base/random.h"
#include "messaging/conversation_store.h"
#include "messaging/event_write.h"
#include "messaging/user.h"

result conversation_create_general(struct scope *scope, struct tx *tx, struct str org_id) {
    const struct conversation general = {
        .org_id = org_id, .id = uuid_v7(scope), .kind = CONVERSATION_GENERAL};
    bool is_new = false;
    TRY(conversation_store_insert(scope, tx, &general, STR("general"), &is_new));
    REQUIRE(scope, is_new, CONFLICT, "conversation.exists");
    return OK_RESULT;
}

/* The same key whoever of the two asks. */
static struct str direct_key(struct scope *scope, struct str a, struct str b) {
    const bool is_ordered = str_compare(a, b) <= 0;
    const struct str first = is_ordered ? a : b;
    const struct str second = is_ordered ? b : a;
    return str_format(scope->arena, "%.*s:%.*s", STR_ARG(first), STR_ARG(second));
}

static result announce(struct scope *scope, struct tx *tx, const struct actor *actor,
                       struct str other_id, struct str id) {
    struct json *audience = json_new_array(scope->arena);
    json_append(scope->arena, audience, json_new_string(scope->arena, actor->id));
    json_append(scope->arena, audience, json_new_string(scope->arena, other_id));
    struct json *event = json_new_object(scope->arena);
    json_set(scope->arena, event, STR("type"), json_new_string(scope->arena, STR("group.created")));
    json_set(scope->arena, event, STR("conversation"), json_new_string(scope->arena, id));
    int64_t seq = 0;
    return event_write(scope, tx, actor, actor->org_id, STR("group.created"),
                       event_payload(scope, audience, event), &seq);
}

static result create_direct(struct scope *scope, struct db *db, const struct actor *actor,
                            struct str other_id, bool *ret_is_new) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    const struct conversation direct = {
        .org_id = actor->org_id, .id = uuid_v7(scope), .kind = CONVERSATION_DIRECT};
    bool is_new = false;
    TRY(conversation_store_insert(scope, tx, &direct, direct_key(scope, actor->id, other_id),
                                  &is_new));
    if (!is_new) { /* somebody was faster */
        return OK_RESULT;
    }
    TRY(conversation_store_add_member(scope, tx, actor->org_id, direct.id, actor->id));
    TRY(conversation_store_add_member(scope, tx, actor->org_id, direct.id, other_id));
    TRY(announce(scope, tx, actor, other_id, direct.id));
    TRY(tx_commit(scope, tx));
    *ret_is_new = true;
    return OK_RESULT;
}

result conversation_open_direct(struct scope *scope, struct db *db, const struct actor *actor,
                                struct str other_id, struct conversation *ret, bool *ret_is_new) {
    struct user other;
    TRY(user_find(scope, db, actor->org_id, other_id, &other));
    REQUIRE(scope, other.state == USER_ACTIVE, NOT_FOUND, "user.unknown");
    const struct str key = direct_key(scope, actor->id, other_id);
    struct str id;
    bool is_new = false;
    result found = conversation_store_by_key(scope, db, actor->org_id, key, &id);
    if (found.code == NOT_FOUND) {
        TRY(create_direct(scope, db, actor, other_id, &is_new));
        found = conversation_store_by_key(scope, db, actor->org_id, key, &id);
    }
    TRY(found);
    TRY(conversation_find(scope, db, actor->org_id, actor->id, id, ret));
    *ret_is_new = is_new;
    return OK_RESULT;
}

result conversation_mark_read(struct scope *scope, struct db *db, const struct actor *actor,
                              struct str conversation_id, int64_t seq) {
    struct conversation conversation;
    TRY(conversation_find(scope, db, actor->org_id, actor->id, conversation_id, &conversation));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    /* No event, hence no head to wait on: a position is private, and the row lock of the guard
     * orders it against the deactivation. */
    TRY(user_guard_active(scope, tx, actor->org_id, actor->id, actor->epoch));
    TRY(conversation_store_read(scope, tx, actor, conversation_id, seq));
    return tx_commit(scope, tx);
}
