#pragma once
/* Outbound HTTP on libcurl. Every URL is hostile input: https only, no redirects, an address filter
 * that runs on the address about to be connected, deadlines, size caps (oidc.md section 6). */

#include <stdint.h>

#include "base/http_values.h"
#include "base/result.h"

struct http_call {
    const char *method; /* "GET", "POST" */
    struct str url;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    const char *content_type;               /* of the body; NULL: none */
    struct str ca_pem;                      /* empty: the system's */
    struct str proxy;                       /* empty: none, whatever the environment says */
    size_t max_bytes;                       /* 0: 256 KiB */
    int64_t connect_timeout_us, timeout_us; /* 0: 2 s, 5 s */
};

struct http_reply {
    int status;
    struct str content_type; /* lower case, without parameters */
    struct str body;
};

struct http_client {
    /* Blocks the calling thread until the deadline at most. UNAVAILABLE "http.connect",
     * "http.timeout", "http.tls", "http.failed"; FORBIDDEN "http.address" (refused by the filter),
     * INVALID "http.url"; TOO_LARGE "http.size". Any status is OK. */
    result (*send)(struct http_client *client, struct scope *scope, const struct http_call *call,
                   struct http_reply *ret);
};

/* Which addresses outbound calls may use although they are private: CIDR with optional ports. */
struct address_rule {
    unsigned char address[16]; /* IPv4 mapped into IPv6 */
    unsigned prefix_bits;      /* of 128 */
    uint16_t ports[8];
    size_t port_count; /* 0: all */
};

struct address_rules {
    const struct address_rule *rules;
    size_t count;
};

/* "10.1.0.0/16 443 8443"; INVALID "address.rule". */
RESULT address_rule_parse(struct scope *scope, struct str text, struct address_rule *ret);
/* True when the address (16 bytes, IPv4 mapped) is public or allowed by a rule. */
bool address_is_allowed(const unsigned char address[16], uint16_t port,
                        const struct address_rules *rules);
/* True when the address matches one of the rules (ports ignored): trusted proxies. */
bool address_matches(const unsigned char address[16], const struct address_rules *rules);
/* Textual IPv4 or IPv6 to 16 bytes. */
bool address_parse(struct str text, unsigned char ret[16]);

/* The rules are borrowed and must outlive the client. Any number of threads may send. */
struct http_client *curl_client_new(const struct address_rules *allowed);
void curl_client_free(struct http_client **client);
