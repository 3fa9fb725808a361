#include "base/inflate.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <zlib.h>

#include "base/arena.h"

enum { WINDOW_BITS = -15, PIECE_BYTES = 8 * 1024 };

static void close_stream(z_stream *stream) {
    inflateEnd(stream);
}

result inflate_raw(struct scope *scope, struct str packed, size_t limit, struct str *ret) {
    REQUIRE(scope, packed.len > 0 && packed.len <= UINT_MAX, INVALID, "inflate.malformed");
    /* zlib reads only; its struct lacks the const */
    unsigned char *input = arena_alloc(scope->arena, packed.len);
    memcpy(input, packed.at, packed.len);
    AUTO(close_stream)
    z_stream stream = {.next_in = input, .avail_in = (unsigned) packed.len};
    const int is_open = inflateInit2(&stream, WINDOW_BITS);
    assert(is_open == Z_OK);
    struct strbuf text = strbuf_begin(scope->arena, limit);
    unsigned char piece[PIECE_BYTES];
    int state = Z_OK;
    while (state == Z_OK && !text.is_full) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        state = inflate(&stream, Z_NO_FLUSH);
        strbuf_add(&text, (struct str){(const char *) piece, sizeof piece - stream.avail_out});
    }
    REQUIRE(scope, !text.is_full, TOO_LARGE, "inflate.limit");
    REQUIRE(scope, state == Z_STREAM_END && stream.avail_in == 0, INVALID, "inflate.malformed");
    *ret = strbuf_str(&text);
    return OK_RESULT;
}
