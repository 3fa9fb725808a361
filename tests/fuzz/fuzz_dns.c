/* An answer from a name server. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct dns_texts *texts = NEW(arena, struct dns_texts);
    if (is_ok(dns_read_texts(&scope, (struct str){(const char *) bytes, len}, texts))) {
        assert(texts->count <= DNS_MAX_TEXTS);
    }
    return 0;
}
