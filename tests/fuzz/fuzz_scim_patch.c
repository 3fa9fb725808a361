/* A patch leaves the resource alone and makes none inactive without having said so in words. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "provisioning/scim/scim_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    static const struct str ANA = STR_INIT(
        "{\"id\":\"u\",\"userName\":\"ana\",\"active\":true,\"emails\":[{\"value\":\"a@x\","
        "\"type\":\"work\",\"primary\":true}],\"name\":{\"givenName\":\"A\"}}");
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct scim_rules rules = {.type = &SCIM_USER_TYPE, .profile = &SCIM_TOLERANT};
    const struct json *body = NULL, *before = NULL, *again = NULL;
    struct scim_patch patch = {0};
    struct json *after = NULL;
    if (!is_ok(json_read(&scope, ANA, &before)) ||
        !is_ok(json_read(&scope, (struct str){(const char *) bytes, len}, &body)) ||
        !is_ok(scim_names_check(&scope, body)) ||
        !is_ok(scim_patch_parse(&scope, &rules, body, &patch)) ||
        !is_ok(scim_patch_apply(&scope, &rules, &patch, before, &after))) {
        return 0;
    }
    assert(json_kind(json_get(after, STR("active"))) != JSON_FALSE ||
           scim_says_inactive(&scope, rules.type, body));
    assert(str_eq(json_write(arena, before), ANA));
    const result written = json_read(&scope, json_write(arena, after), &again);
    assert(is_ok(written) && json_equals(after, again));
    return 0;
}
