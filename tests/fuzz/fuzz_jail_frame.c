/* A frame from a child, and a row inside it. What is taken is the same when it is written again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/jail_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    static const struct jail_limits LIMITS = {.frame = 4096, .tags = {256, 4096, [31] = 1}};
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct jail_header header;
    struct jail_message message;
    if (len < JAIL_HEADER_BYTES || !is_ok(jail_header_read(&scope, bytes, &LIMITS, &header))) {
        return 0;
    }
    const struct str body = {(const char *) bytes + JAIL_HEADER_BYTES, len - JAIL_HEADER_BYTES};
    if (is_ok(jail_body_read(&scope, &header, body, &LIMITS, &message))) {
        struct jail_pieces *pieces = NEW(arena, struct jail_pieces);
        assert(is_ok(jail_frame_write(&scope, &message, &LIMITS, pieces)));
        assert(memcmp(pieces->head, bytes, JAIL_HEADER_BYTES) == 0);
    }
    return 0;
}
