/* Signed Responses that an attacker has worked on: whatever is accepted says what was signed. */
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
    saml_fuzz_lab(&lab, &scope, OF_RESPONSE);
    const struct saml_key_source keys = lab_keys(&lab);
    struct str honest;
    const struct str message = saml_fuzz_message(&lab, OF_RESPONSE, bytes, len, &honest);
    struct saml_response *got = NEW(arena, struct saml_response);
    struct saml_response *signed_one = NEW(arena, struct saml_response);
    struct saml_verifier *verifier = saml_fuzz_verifier();
    const bool is_accepted =
        is_ok(saml_verify_response(&scope, verifier, &lab.trust, &keys, message, got));
    assert_true(is_accepted || !str_eq(message, honest));
    if (is_accepted && got->has_assertion) {
        assert_ok(saml_verify_response(&scope, verifier, &lab.trust, &keys, honest, signed_one));
        saml_fuzz_same(said_in_full(arena, got), said_in_full(arena, signed_one));
    }
    return 0;
}
