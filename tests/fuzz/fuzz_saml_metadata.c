/* A provider that comes out of a document can be used: a key, and addresses on https. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/saml/saml_metadata_read.h"

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
