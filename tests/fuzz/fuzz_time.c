/* An accepted time survives writing and reading, but for what is finer than a millisecond. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/time_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct str text = {(const char *) bytes, len};
    int64_t us = 0;
    if (is_ok(time_parse(&scope, text, &us))) {
        int64_t back = 0;
        const bool is_read = is_ok(time_parse(&scope, time_format(arena, us), &back));
        assert(is_read && back == us / 1000 * 1000);
    }
    int64_t duration = 0;
    assert(!is_ok(duration_parse(&scope, text, &duration)) || duration >= 0);
    return 0;
}
