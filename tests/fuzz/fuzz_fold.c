/* Folding a key gives the same key; every key is UTF-8 without controls. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct str key;
    if (!is_ok(fold_key(&scope, (struct str){(const char *) bytes, len}, &key))) {
        return 0;
    }
    assert(str_is_utf8(key) && !str_has_control(key));
    struct str again;
    if (key.len <= FOLD_MAX_BYTES) {
        const bool is_folded = is_ok(fold_key(&scope, key, &again));
        assert(is_folded && str_eq(key, again));
    }
    return 0;
}
