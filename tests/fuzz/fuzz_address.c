/* A rule that parses names at least one address, and its own first address matches it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct address_rule rule;
    const struct str text = {(const char *) bytes, len};
    if (is_ok(address_rule_parse(&scope, text, &rule))) {
        const struct address_rules rules = {&rule, 1};
        const uint16_t port = rule.port_count == 0 ? 443 : rule.ports[rule.port_count - 1];
        const bool matches = address_matches(rule.address, &rules);
        const bool allowed = address_is_allowed(rule.address, port, &rules);
        assert(matches && allowed);
    }
    return 0;
}
