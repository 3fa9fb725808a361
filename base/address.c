#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

enum { IPV4_BYTES = 4, IPV4_OFFSET_BITS = 96, ADDRESS_BITS = 128, MAX_PORT = 65535 };

struct range {
    unsigned char prefix[ADDRESS_BYTES];
    unsigned bits;
};

/* Not reachable through the public internet, or not by unicast (IANA special-purpose registries).
 */
static const struct range PRIVATE_IPV4[] = {
    {{0}, 8},          /* this network */
    {{10}, 8},         /* RFC 1918 */
    {{100, 64}, 10},   /* shared, RFC 6598 */
    {{127}, 8},        /* loopback */
    {{169, 254}, 16},  /* link local: cloud metadata services live here */
    {{172, 16}, 12},   /* RFC 1918 */
    {{192, 0, 0}, 24}, /* protocol assignments */
    {{192, 168}, 16},  /* RFC 1918 */
    {{198, 18}, 15},   /* benchmarks */
    {{224}, 3},        /* multicast, reserved, broadcast */
};

static const struct range PRIVATE_IPV6[] = {
    {{0}, 96},                            /* ::, ::1 and the old IPv4-compatible form */
    {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* local translation, RFC 8215 */
    {{0x20, 0x01, 0, 0}, 32},             /* Teredo hides an IPv4 address */
    {{0xfc}, 7},                          /* unique local */
    {{0xfe, 0x80}, 10},                   /* link local */
    {{0xfe, 0xc0}, 10},                   /* site local */
    {{0xff}, 8},                          /* multicast */
};

/* IPv6 forms that carry an IPv4 address which decides: mapped, translated, 6to4. */
static const struct {
    struct range range;
    size_t at;
} CARRIERS[] = {
    {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96}, 12},
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12},
    {{{0x20, 0x02}, 16}, 2},
};

static bool has_prefix(const unsigned char *address, const unsigned char *prefix, unsigned bits) {
    const size_t whole = bits / 8;
    if (memcmp(address, prefix, whole) != 0) {
        return false;
    }
    const unsigned rest = bits % 8;
    return rest == 0 || ((address[whole] ^ prefix[whole]) & (0xff00U >> rest & 0xffU)) == 0;
}

static bool is_in(const unsigned char *address, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (has_prefix(address, ranges[i].prefix, ranges[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool is_private(const unsigned char *address) {
    for (size_t i = 0; i < sizeof CARRIERS / sizeof CARRIERS[0]; i++) {
        const struct range *range = &CARRIERS[i].range;
        if (has_prefix(address, range->prefix, range->bits)) {
            return is_in(address + CARRIERS[i].at, PRIVATE_IPV4,
                         sizeof PRIVATE_IPV4 / sizeof PRIVATE_IPV4[0]);
        }
    }
    return is_in(address, PRIVATE_IPV6, sizeof PRIVATE_IPV6 / sizeof PRIVATE_IPV6[0]);
}

static bool allows_port(const struct address_rule *rule, uint16_t port) {
    for (size_t i = 0; i < rule->port_count; i++) {
        if (rule->ports[i] == port) {
            return true;
        }
    }
    return rule->port_count == 0;
}

bool address_parse(struct str text, unsigned char ret[ADDRESS_BYTES]) {
    char c_text[INET6_ADDRSTRLEN];
    if (text.len >= sizeof c_text || str_find_byte(text, '\0') >= 0) {
        return false;
    }
    memcpy(c_text, text.at, text.len);
    c_text[text.len] = '\0';
    unsigned char ipv4[IPV4_BYTES];
    if (inet_pton(AF_INET, c_text, ipv4) == 1) {
        memcpy(ret, CARRIERS[0].range.prefix, ADDRESS_BYTES);
        memcpy(ret + CARRIERS[0].at, ipv4, IPV4_BYTES);
        return true;
    }
    unsigned char ipv6[ADDRESS_BYTES];
    if (inet_pton(AF_INET6, c_text, ipv6) != 1) {
        return false;
    }
    memcpy(ret, ipv6, ADDRESS_BYTES);
    return true;
}

static result parse_range(struct scope *scope, struct str text, struct address_rule *rule) {
    struct str host;
    const struct str prefix = str_split(text, '/', &host);
    REQUIRE(scope, address_parse(host, rule->address), INVALID, "address.rule");
    const bool is_ipv4 = str_find_byte(host, ':') < 0;
    const unsigned offset = is_ipv4 ? IPV4_OFFSET_BITS : 0;
    rule->prefix_bits = ADDRESS_BITS;
    if (host.len == text.len) {
        return OK_RESULT;
    }
    uint64_t bits = 0;
    REQUIRE(scope, prefix.len <= 3, INVALID, "address.rule");
    REQUIRE(scope, is_ok(parse_u64(scope, prefix, ADDRESS_BITS - offset, &bits)), INVALID,
            "address.rule");
    rule->prefix_bits = (unsigned) bits + offset;
    for (unsigned i = rule->prefix_bits; i < ADDRESS_BITS; i++) {
        REQUIRE(scope, (rule->address[i / 8] & (0x80U >> i % 8)) == 0, INVALID, "address.rule");
    }
    return OK_RESULT;
}

result address_rule_parse(struct scope *scope, struct str text, struct address_rule *ret) {
    struct address_rule rule = {.port_count = 0};
    struct str word;
    struct str rest = str_split(str_trim_blanks(text), ' ', &word);
    TRY(parse_range(scope, word, &rule));
    while (rest.len > 0) {
        rest = str_split(rest, ' ', &word);
        if (word.len == 0) {
            continue;
        }
        uint64_t port = 0;
        REQUIRE(scope, rule.port_count < ADDRESS_RULE_PORTS, INVALID, "address.rule");
        REQUIRE(scope, is_ok(parse_u64(scope, word, MAX_PORT, &port)) && port > 0, INVALID,
                "address.rule");
        rule.ports[rule.port_count++] = (uint16_t) port;
    }
    *ret = rule;
    return OK_RESULT;
}

bool address_is_listed(const unsigned char address[ADDRESS_BYTES], uint16_t port,
                       const struct address_rules *rules) {
    for (size_t i = 0; i < rules->count; i++) {
        const struct address_rule *rule = &rules->rules[i];
        if (has_prefix(address, rule->address, rule->prefix_bits) && allows_port(rule, port)) {
            return true;
        }
    }
    return false;
}

bool address_is_allowed(const unsigned char address[ADDRESS_BYTES], uint16_t port,
                        const struct address_rules *rules) {
    return !is_private(address) || address_is_listed(address, port, rules);
}

bool address_matches(const unsigned char address[ADDRESS_BYTES],
                     const struct address_rules *rules) {
    for (size_t i = 0; i < rules->count; i++) {
        if (has_prefix(address, rules->rules[i].address, rules->rules[i].prefix_bits)) {
            return true;
        }
    }
    return false;
}
