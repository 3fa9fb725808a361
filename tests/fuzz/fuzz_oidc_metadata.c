/* What a provider publishes about itself: every address that is taken is https. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/oidc/oidc_metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct oidc_metadata metadata;
    if (is_ok(oidc_metadata_parse(&scope, STR("https://op.example"),
                                  (struct str){(const char *) bytes, len}, &metadata))) {
        assert(str_eq_ascii_nocase(str_first(metadata.token_endpoint, 8), STR("https://")));
        assert(str_eq_ascii_nocase(str_first(metadata.jwks_uri, 8), STR("https://")));
        assert(metadata.end_session_endpoint.len == 0 ||
               str_eq_ascii_nocase(str_first(metadata.end_session_endpoint, 8), STR("https://")));
        assert(metadata.algs != 0);
    }
    return 0;
}
