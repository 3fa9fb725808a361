/* The query that a provider sends the browser back with. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/oidc/oidc_login.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct oidc_callback callback;
    if (is_ok(oidc_callback_parse(&scope, (struct str){(const char *) bytes, len}, &callback))) {
        assert(callback.code.len + callback.state.len + callback.iss.len <= len);
        assert(callback.has_iss || callback.iss.len == 0);
    }
    return 0;
}
