#include "gateway/live_event.h"

#include "base/json.h"

static RESULT read_audience(struct scope *scope, const struct json *audience,
                            struct live_event *ret) {
    if (json_is_string(audience)) {
        REQUIRE(scope, str_eq(json_as_string(audience), STR("org")), INTERNAL, "live.event");
        ret->is_org_wide = true;
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(audience), INTERNAL, "live.event");
    struct str *ids = NEW_ARRAY(scope->arena, json_count(audience), struct str);
    for (size_t i = 0; i < json_count(audience); i++) {
        ids[i] = json_as_string(json_at(audience, i));
    }
    ret->audience = ids;
    ret->audience_count = json_count(audience);
    return OK_RESULT;
}

result live_event_prepare(struct scope *scope, const struct event *event, struct live_event *ret) {
    const struct json *payload = NULL;
    REQUIRE(scope, is_ok(json_read(scope, event->payload, &payload)), INTERNAL, "live.event");
    const struct json *body = json_get(payload, STR("event"));
    REQUIRE(scope, json_is_object(body), INTERNAL, "live.event");
    struct live_event ready = {.seq = event->seq};
    TRY(read_audience(scope, json_get(payload, STR("audience")), &ready));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "type", event->topic);
    json_out_member_number(&out, "seq", event->seq);
    for (size_t i = 0; i < json_count(body); i++) {
        const struct json_member member = json_member_at(body, i);
        if (str_eq(member.name, STR("type")) || str_eq(member.name, STR("seq"))) {
            continue;
        }
        const char *name = NULL;
        TRY(str_to_c(scope, member.name, &name));
        json_out_name(&out, name);
        json_out_value(&out, member.value);
    }
    json_out_close_object(&out);
    ready.text = json_out_end(&out);
    *ret = ready;
    return OK_RESULT;
}
