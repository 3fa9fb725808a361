/* The whole way of a Response. Nobody has the private key of this certificate, so no assertion may
 * ever come out. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "identity/saml/saml_verify.h"
#include "tests/support/forge.h"

static struct saml_verifier *verifier;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Before the first input, whose time is measured. */
__attribute__((constructor)) static void start(void) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    assert(is_ok(saml_verify_start(&scope, &verifier)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct str keys[] = {forge_key(FORGE_IDP)->certificate,
                               forge_key(FORGE_IDP_P256)->certificate};
    const struct saml_trust trust = {.certificate_count = 2,
                                     .certificates = keys,
                                     .cbc = SAML_CBC_ALWAYS,
                                     .is_sha1_allowed = true};
    struct saml_response *response = NEW(arena, struct saml_response);
    const struct str text = base64_encode(arena, (struct str){(const char *) bytes, len});
    const result got = saml_verify_response(&scope, verifier, &trust, NULL, text, response);
    assert(!is_ok(got) || !response->has_assertion);
    return 0;
}
