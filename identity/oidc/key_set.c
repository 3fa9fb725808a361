#include "identity/oidc/key_set.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct set_key {
    char *kid;
    size_t kid_len;
    bool has_alg;
    enum jose_alg alg;
    enum jwk_kind kind;
    enum jwk_curve curve;
    struct jose_key *key;
};

struct key_set { /* immutable but for the counter */
    atomic_int references;
    size_t count;
    struct set_key keys[JWKS_MAX_KEYS];
};

struct key_set *key_set_new(struct scope *scope, struct jose *jose, const struct jwk_set *jwks) {
    struct key_set *set = calloc(1, sizeof *set);
    assert(set != NULL);
    atomic_init(&set->references, 1);
    for (size_t i = 0; i < jwks->count; i++) {
        const struct jwk *jwk = &jwks->keys[i];
        struct set_key *key = &set->keys[set->count];
        if (!is_ok(jose_key_open(scope, jose, &jwk->key, &key->key))) {
            continue; /* numbers that make no key */
        }
        key->kid = malloc(jwk->kid.len + 1);
        assert(key->kid != NULL);
        memcpy(key->kid, jwk->kid.at, jwk->kid.len);
        key->kid_len = jwk->kid.len;
        key->has_alg = jwk->has_alg;
        key->alg = jwk->alg;
        key->kind = jwk->key.kind;
        key->curve = jwk->key.curve;
        set->count++;
    }
    return set;
}

struct key_set *key_set_retain(struct key_set *set) {
    (void) atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void key_set_release(struct key_set **set) {
    struct key_set *old = *set;
    *set = NULL;
    if (old == NULL || atomic_fetch_sub_explicit(&old->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < old->count; i++) {
        jose_key_close(&old->keys[i].key);
        free(old->keys[i].kid);
    }
    free(old);
}

size_t key_set_count(const struct key_set *set) {
    return set->count;
}

static bool may_have_signed(const struct set_key *key, const struct jwt *jwt) {
    const struct jwk_public shape = {.kind = key->kind, .curve = key->curve};
    if (!jose_alg_fits(jwt->alg, &shape) || (key->has_alg && key->alg != jwt->alg)) {
        return false;
    }
    return jwt->kid.len == 0 || str_eq(jwt->kid, (struct str){key->kid, key->kid_len});
}

result key_set_verify(struct scope *scope, const struct key_set *set, const struct jwt *jwt) {
    int tries = 0;
    for (size_t i = 0; i < set->count && tries < KEY_SET_MAX_TRIES; i++) {
        if (!may_have_signed(&set->keys[i], jwt)) {
            continue;
        }
        if (is_ok(jose_verify(scope, set->keys[i].key, jwt->alg, jwt->text))) {
            return OK_RESULT;
        }
        tries++;
    }
    REQUIRE(scope, tries > 0, UNAUTHENTICATED, "jwt.key_unknown");
    return FAIL(scope, UNAUTHENTICATED, "jwt.signature");
}
