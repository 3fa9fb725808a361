/* Key sets: what is read writes and reads back the same. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/oidc/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct jwk_set *set = NEW(arena, struct jwk_set);
    struct jwk_set *again = NEW(arena, struct jwk_set);
    if (!is_ok(jwks_parse(&scope, (struct str){(const char *) bytes, len}, set))) {
        return 0;
    }
    for (size_t i = 0; i < set->count; i++) {
        struct jwk *key = &set->keys[i];
        assert(!key->has_alg || jose_alg_fits(key->alg, &key->key));
        if (!key->has_alg) { /* what is written names one */
            for (key->alg = JOSE_RS256; !jose_alg_fits(key->alg, &key->key); key->alg++) {
            }
        }
    }
    assert(is_ok(jwks_parse(&scope, jwks_write(&scope, set->keys, set->count), again)));
    assert(again->count == set->count);
    return 0;
}
