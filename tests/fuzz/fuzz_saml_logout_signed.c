/* Signed logout messages that an attacker has worked on: whatever is accepted says what was signed.
 */
#include "identity/saml/saml_verify.h"
#include "tests/fuzz/saml_signed.h"
#include "tests/support/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max, unsigned seed) {
    return recipe_mutate(bytes, len, max, 1, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct lab lab;
    saml_fuzz_lab(&lab, &scope, OF_LOGOUT);
    const struct saml_key_source keys = lab_keys(&lab);
    struct str honest;
    lab.logout.bytes = saml_fuzz_message(&lab, OF_LOGOUT, bytes, len, &honest);
    struct saml_logout *got = NEW(arena, struct saml_logout);
    struct saml_logout *signed_one = NEW(arena, struct saml_logout);
    struct saml_verifier *verifier = saml_fuzz_verifier();
    const bool is_accepted =
        is_ok(saml_verify_logout(&scope, verifier, &lab.trust, &keys, &lab.logout, got));
    assert_true(is_accepted || !str_eq(lab.logout.bytes, honest));
    if (is_accepted) {
        lab.logout.bytes = honest;
        assert_ok(saml_verify_logout(&scope, verifier, &lab.trust, &keys, &lab.logout, signed_one));
        saml_fuzz_same(said_logout(arena, got), said_logout(arena, signed_one));
    }
    return 0;
}
