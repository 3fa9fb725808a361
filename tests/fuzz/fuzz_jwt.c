/* Header and claims of a token, as an ID token at sign-in is read. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/connection.h"
#include "identity/oidc/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct oidc_settings settings = {.issuer = STR("https://op.example"),
                                           .client_id = STR("gatehouse"),
                                           .algs = JOSE_DEFAULT_ALGS,
                                           .skew_s = 60,
                                           .max_age_s = -1};
    const struct jwt_policy policy = jwt_policy_login(&settings, STR("nonce"));
    struct jwt jwt;
    struct jwt_claims *claims = NEW(arena, struct jwt_claims);
    if (is_ok(jwt_decode(&scope, (struct str){(const char *) bytes, len}, &policy, &jwt)) &&
        is_ok(jwt_decode_claims(&scope, &jwt, claims)) &&
        is_ok(jwt_check(&scope, claims, &policy, INT64_C(1767323045000000)))) {
        assert(claims->sub.len > 0 && str_eq(claims->nonce, STR("nonce")));
    }
    return 0;
}
