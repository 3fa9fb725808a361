/* HTTP-Redirect (bindings 3.4.4.1): DEFLATE, base64, percent escapes, and a signature over the
 * query as it is sent. */
#include "tests/support/forge.h"

#include <string.h>
#include <zlib.h>

#include "tests/support/fixture.h"

struct str forge_deflate(struct arena *arena, struct str bytes) {
    z_stream stream = {0};
    assert_int_equal(
        deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    const size_t room = deflateBound(&stream, bytes.len);
    unsigned char *out = arena_alloc(arena, room);
    stream.next_in = (z_const Bytef *) (uintptr_t) bytes.at;
    stream.avail_in = (uInt) bytes.len;
    stream.next_out = out;
    stream.avail_out = (uInt) room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    const size_t len = stream.total_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return (struct str){(const char *) out, len};
}

const char *forge_sign_query(struct arena *arena, const char *query,
                             const struct forge_signing *signing) {
    const struct str value = forge_sign_bytes(arena, str_from_c(query), signing);
    return forge_text(arena, "%s&Signature=%s", query,
                      forge_escape(arena, forge_base64(arena, value)));
}

const char *forge_redirect(struct arena *arena, const char *field, const char *xml,
                           const char *relay_state, const struct forge_signing *signing) {
    const char *message =
        forge_base64(arena, forge_deflate(arena, str_from_c(forge_done(arena, xml))));
    const char *state = relay_state == NULL
                            ? ""
                            : forge_text(arena, "&RelayState=%s", forge_escape(arena, relay_state));
    const char *method = signing->method == NULL ? FORGE_RSA_SHA256 : signing->method;
    return forge_sign_query(arena,
                            forge_text(arena, "%s=%s%s&SigAlg=%s", field,
                                       forge_escape(arena, message), state,
                                       forge_escape(arena, method)),
                            signing);
}
