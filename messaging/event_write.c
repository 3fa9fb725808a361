#include "messaging/event_write.h"

#include "base/arena.h"
#include "base/event_log.h"
#include "messaging/user.h"

result event_write(struct scope *scope, struct tx *tx, const struct actor *actor, struct str org_id,
                   struct str topic, struct str payload, int64_t *ret_seq) {
    int64_t seq = 0;
    const struct rows *bumped = NULL;
    TRY(event_head_bump_send(scope, tx, org_id, &bumped));
    TRY(user_guard_writer(scope, tx, actor)); /* behind the bump, in the same round trip */
    TRY(tx_settle(scope, tx));                /* some actors need no guard */
    TRY(event_head_bumped(scope, bumped, &seq));
    TRY(event_insert(scope, tx, org_id, seq, topic, payload));
    *ret_seq = seq;
    return OK_RESULT;
}

struct str event_payload(struct scope *scope, const struct json *audience,
                         const struct json *event) {
    struct json *payload = json_new_object(scope->arena);
    json_set(scope->arena, payload, STR("audience"),
             audience == NULL ? json_new_string(scope->arena, STR("org")) : audience);
    json_set(scope->arena, payload, STR("event"), event);
    return json_write(scope->arena, payload);
}

struct str event_payload_user(struct scope *scope, const char *type, struct str user_id) {
    struct json *event = json_new_object(scope->arena);
    json_set(scope->arena, event, STR("type"), json_new_string(scope->arena, str_from_c(type)));
    json_set(scope->arena, event, STR("user"), json_new_string(scope->arena, user_id));
    return event_payload(scope, NULL, event);
}
