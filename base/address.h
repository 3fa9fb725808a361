#pragma once
/* Network addresses as 16 bytes (IPv4 mapped into IPv6) and the operator's rules about them: which
 * private ones outbound calls may use, which peers are trusted proxies. */

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum { ADDRESS_BYTES = 16, ADDRESS_RULE_PORTS = 8 };

/* Which addresses outbound calls may use although they are private: CIDR with optional ports. */
struct address_rule {
    unsigned char address[ADDRESS_BYTES]; /* IPv4 mapped into IPv6 */
    unsigned prefix_bits;                 /* of 128 */
    uint16_t ports[ADDRESS_RULE_PORTS];
    size_t port_count; /* 0: all */
};

struct address_rules {
    const struct address_rule *rules;
    size_t count;
};

/* "10.1.0.0/16 443 8443"; a bare address is that host alone. Bits behind the prefix must be zero:
 * who writes 10.1.2.3/16 means something else. INVALID "address.rule". */
RESULT address_rule_parse(struct scope *scope, struct str text, struct address_rule *ret);
/* True when the address (16 bytes, IPv4 mapped) is public or allowed by a rule. */
bool address_is_allowed(const unsigned char address[ADDRESS_BYTES], uint16_t port,
                        const struct address_rules *rules);
/* True when a rule names the address and the port: what the operator allows expressly. */
bool address_is_listed(const unsigned char address[ADDRESS_BYTES], uint16_t port,
                       const struct address_rules *rules);
/* True when the address matches one of the rules (ports ignored): trusted proxies. */
bool address_matches(const unsigned char address[ADDRESS_BYTES], const struct address_rules *rules);
/* Textual IPv4 or IPv6 to 16 bytes; no zone, no brackets. */
bool address_parse(struct str text, unsigned char ret[ADDRESS_BYTES]);
