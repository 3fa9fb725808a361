/* What cookie_get finds can be set as a cookie again and is found again. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct str header = {(const char *) bytes, len};
    struct str value;
    if (!is_ok(cookie_get(&scope, header, STR("a"), &value)) || value.len > 4000) {
        return 0;
    }
    const struct cookie cookie = {
        .name = STR("a"), .value = value, .path = STR("/"), .max_age_s = 1, .same_site = "Lax"};
    struct str text;
    struct str again;
    const bool is_set = is_ok(cookie_format(&scope, &cookie, &text));
    assert(is_set);
    const bool is_found = is_ok(cookie_get(&scope, text, STR("a"), &again));
    assert(is_found && str_eq(again, value));
    return 0;
}
