#pragma once
/* DNS TXT records, for the proof that a domain belongs to an organisation. Blocks for seconds at
 * most. */

#include "base/result.h"
#include "base/str.h"

enum { DNS_MAX_TEXTS = 64 };

struct dns_texts {
    size_t count;
    struct str texts[DNS_MAX_TEXTS]; /* the strings of one record joined, bytes as sent */
};

struct dns {
    /* A name without such records: OK and none. UNAVAILABLE "dns.failed" when nobody could say. */
    result (*txt)(struct dns *dns, struct scope *scope, struct str name, struct dns_texts *ret);
};

/* Asks the resolvers of the system, or `server` ("192.0.2.1:53") if it is not empty. INVALID
 * "dns.server". */
RESULT system_dns_new(struct scope *scope, struct str server, struct dns **ret);
void system_dns_free(struct dns **dns);

/* The TXT records in the bytes of an answer: UNAVAILABLE "dns.failed" when they are no answer. */
RESULT dns_read_texts(struct scope *scope, struct str answer, struct dns_texts *ret);
