/* A provider that comes out of a document can be used: a key, and addresses on https. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/saml/saml_metadata_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    static struct saml_verifier *verifier;
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    assert(verifier != NULL || is_ok(saml_verify_start(&scope, &verifier)));
    const struct saml_metadata_input input = {.xml = {(const char *) bytes, len},
                                              .now_us = INT64_C(1767323045000000)};
    struct saml_idp *idp = NEW(arena, struct saml_idp);
    if (!is_ok(saml_metadata_read(&scope, verifier, &input, idp))) {
        return 0;
    }
    assert(idp->certificate_count > 0 && idp->sign_on_count > 0 && idp->entity_id.len > 0);
    assert(idp->cache_duration_us >= 0);
    for (size_t i = 0; i < idp->sign_on_count; i++) {
        assert(str_eq_ascii_nocase(str_first(idp->sign_on[i].location, 8), STR("https://")));
    }
    return 0;
}
