/* Facts of a child that was taken over: the first byte picks the struct. What is taken can be
 * written again, and is the same row. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/saml/saml_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void pack_any(struct pack *pack, unsigned kind, void *facts) {
    if (kind == 0) {
        saml_pack_response(pack, facts);
    } else if (kind == 1) {
        saml_pack_logout(pack, facts);
    } else {
        saml_pack_idp(pack, facts);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct str row = {(const char *) bytes + 1, len == 0 ? 0 : len - 1};
    const unsigned kind = len == 0 ? 0 : bytes[0] % 3U;
    void *facts = arena_alloc(arena, sizeof(struct saml_response) + sizeof(struct saml_idp));
    struct pack in = pack_read(arena, row);
    pack_any(&in, kind, facts);
    if (is_ok(pack_end(&scope, &in, NULL))) {
        struct pack out = pack_write(arena, len);
        struct str again;
        pack_any(&out, kind, facts);
        assert(is_ok(pack_end(&scope, &out, &again)) && str_eq(again, row));
    }
    return 0;
}
