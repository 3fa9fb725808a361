/* Raw queries of HTTP-Redirect: what is believed to be signed is made of the query's own bytes. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/saml/saml_redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct str query = {(const char *) bytes, len};
    struct saml_query parts;
    struct str xml;
    if (!is_ok(saml_redirect_parse(&scope, query, false, &parts))) {
        return 0;
    }
    assert(parts.message.len == 0 || str_find(query, parts.message) >= 0);
    assert(str_has_prefix(parts.given.bytes,
                          parts.is_request ? STR("SAMLRequest=") : STR("SAMLResponse=")));
    assert(str_find(parts.given.bytes, STR("&SigAlg=")) > 0);
    assert(parts.given.kind != SIGNATURE_RSA_SHA1);
    if (is_ok(saml_redirect_inflate(&scope, parts.message, &xml))) {
        assert(xml.len <= SAML_MESSAGE_MAX);
    }
    return 0;
}
