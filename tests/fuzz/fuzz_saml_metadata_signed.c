/* Signed metadata that somebody has worked on, with the signer pinned: whatever is accepted says
 * what was signed. */
#include "identity/saml/saml_metadata_read.h"
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
    saml_fuzz_lab(&lab, &scope, OF_METADATA);
    struct str honest;
    lab.metadata.xml = saml_fuzz_message(&lab, OF_METADATA, bytes, len, &honest);
    struct saml_idp *got = NEW(arena, struct saml_idp), *signed_one = NEW(arena, struct saml_idp);
    struct saml_verifier *verifier = saml_fuzz_verifier();
    const bool is_accepted = is_ok(saml_metadata_read(&scope, verifier, &lab.metadata, got));
    assert_true(is_accepted || !str_eq(lab.metadata.xml, honest));
    if (is_accepted) {
        lab.metadata.xml = honest;
        assert_ok(saml_metadata_read(&scope, verifier, &lab.metadata, signed_one));
        saml_fuzz_same(said_metadata(arena, got), said_metadata(arena, signed_one));
    }
    return 0;
}
