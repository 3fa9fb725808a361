/* What is read and written again reads back as an equal value. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct json *json = NULL;
    if (is_ok(json_read(&scope, (struct str){(const char *) bytes, len}, &json))) {
        const struct json *again = NULL;
        const bool is_read = is_ok(json_read(&scope, json_write(arena, json), &again));
        assert(is_read && json_equals(json, again));
        assert(json_equals(json_clone(arena, json), json));
    }
    return 0;
}
