/* What passes the gate says the same when it is written out: it passes again. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/saml/saml_gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(struct scope *scope, const struct saml_gate *gate, struct str xml) {
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    AUTO(saml_gate_close) xmlDoc *again = NULL;
    if (!is_ok(saml_gate_open(scope, gate, xml, &document))) {
        assert(saml_reason_of(scope) >= SAML_GATE_SIZE);
        assert(saml_reason_of(scope) <= SAML_GATE_ALGORITHM);
        return;
    }
    xmlChar *text = NULL;
    int text_len = 0;
    xmlDocDumpMemoryEnc(document, &text, &text_len, "UTF-8");
    const struct str written = {(const char *) text, (size_t) text_len};
    assert(is_ok(saml_gate_open(scope, gate, written, &again)) ||
           saml_reason_of(scope) == SAML_GATE_SIZE);
    xmlFree(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const enum saml_root root = len == 0 ? SAML_ROOT_RESPONSE : bytes[0] % (SAML_ROOT_METADATA + 1);
    const struct saml_gate gate = {.root = root, .is_cbc_allowed = true};
    check(&scope, &gate, str_from((struct str){(const char *) bytes, len}, 1));
    return 0;
}
