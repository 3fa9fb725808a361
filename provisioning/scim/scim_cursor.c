#include "provisioning/scim/scim_cursor.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/json.h"

/* The question goes in as a hash: its length is nobody's business. */
static struct str context_of(struct scope *scope, const struct scim_source *source,
                             struct str question) {
    return str_format(scope->arena, "scim.cursor %.*s %.*s %.*s %.*s", STR_ARG(source->org_id),
                      STR_ARG(source->connection_id), STR_ARG(source->actor->credential_id),
                      STR_ARG(sha256_text(scope->arena, question)));
}

result scim_cursor_write(struct scope *scope, struct secret seal_key,
                         const struct scim_source *source, struct str question,
                         const struct scim_cursor *cursor, struct str *ret) {
    const struct scim_position *behind = &cursor->behind;
    const int64_t until_us =
        clock_now_us(scope->env->clock) + (int64_t) SCIM_CURSOR_TIMEOUT_S * 1000000;
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member_number(&out, "until", until_us);
    json_out_member_number(&out, "count", cursor->count);
    json_out_member_number(&out, "total", cursor->total);
    json_out_member_number(&out, "part", (int64_t) behind->part);
    json_out_member(&out, "key", behind->key);
    if (behind->value.has_value) {
        json_out_member(&out, "value", behind->value.text);
    }
    json_out_close_object(&out);
    return seal(scope, seal_key, context_of(scope, source, question), json_out_end(&out), ret);
}

result scim_cursor_read(struct scope *scope, struct secret seal_key,
                        const struct scim_source *source, struct str question, struct str text,
                        struct scim_cursor *ret) {
    struct str plain;
    const struct json *json = NULL;
    REQUIRE(scope, text.len <= SCIM_CURSOR_MAX_BYTES, INVALID, "scim.cursor");
    REQUIRE(scope,
            is_ok(unseal(scope, seal_key, context_of(scope, source, question), text, &plain)) &&
                is_ok(json_read(scope, plain, &json)),
            INVALID, "scim.cursor");
    REQUIRE(scope, clock_now_us(scope->env->clock) < json_as_integer(json_get(json, STR("until"))),
            INVALID, "scim.cursor_expired");
    const struct json *value = json_get(json, STR("value"));
    *ret = (struct scim_cursor){
        .behind = {.part = (size_t) json_as_integer(json_get(json, STR("part"))),
                   .value = {value != NULL, json_as_string(value)},
                   .key = json_as_string(json_get(json, STR("key")))},
        .count = json_as_integer(json_get(json, STR("count"))),
        .total = json_as_integer(json_get(json, STR("total"))),
    };
    return OK_RESULT;
}
