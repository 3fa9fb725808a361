#include "base/dns.h"

#include <assert.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <resolv.h>

#include "base/arena.h"

enum { ANSWER_MAX_BYTES = 65535, TIMEOUT_S = 2, TRIES = 2 };

/* RFC 1035 section 3.3.14: one or more character-strings, each behind its length. */
static bool join_strings(struct scope *scope, const unsigned char *at, size_t len,
                         struct str *ret) {
    struct strbuf text = strbuf_begin(scope->arena, ANSWER_MAX_BYTES);
    while (len > 0) {
        const size_t size = at[0];
        if (size + 1 > len) {
            return false;
        }
        strbuf_add(&text, (struct str){(const char *) at + 1, size});
        at += size + 1;
        len -= size + 1;
    }
    *ret = strbuf_str(&text);
    return true;
}

result dns_read_texts(struct scope *scope, struct str answer, struct dns_texts *ret) {
    ns_msg message;
    REQUIRE(scope, answer.len <= ANSWER_MAX_BYTES, UNAVAILABLE, "dns.failed");
    REQUIRE(scope, ns_initparse((const unsigned char *) answer.at, (int) answer.len, &message) == 0,
            UNAVAILABLE, "dns.failed");
    struct dns_texts texts = {.count = 0};
    const int count = ns_msg_count(message, ns_s_an);
    for (int i = 0; i < count && texts.count < DNS_MAX_TEXTS; i++) {
        ns_rr record;
        REQUIRE(scope, ns_parserr(&message, ns_s_an, i, &record) == 0, UNAVAILABLE, "dns.failed");
        if (ns_rr_type(record) != ns_t_txt) {
            continue; /* the CNAMEs on the way */
        }
        REQUIRE(scope,
                join_strings(scope, ns_rr_rdata(record), ns_rr_rdlen(record),
                             &texts.texts[texts.count]),
                UNAVAILABLE, "dns.failed");
        texts.count++;
    }
    *ret = texts;
    return OK_RESULT;
}

static result system_txt(struct dns *dns, struct scope *scope, struct str name,
                         struct dns_texts *ret) {
    (void) dns;
    const char *text = NULL;
    TRY(str_to_c(scope, name, &text));
    struct __res_state state;
    memset(&state, 0, sizeof state);
    REQUIRE(scope, res_ninit(&state) == 0, UNAVAILABLE, "dns.failed");
    state.retrans = TIMEOUT_S;
    state.retry = TRIES;
    unsigned char *answer = arena_alloc(scope->arena, ANSWER_MAX_BYTES);
    const int len = res_nquery(&state, text, ns_c_in, ns_t_txt, answer, ANSWER_MAX_BYTES);
    const int error = state.res_h_errno;
    res_nclose(&state);
    if (len < 0 && (error == HOST_NOT_FOUND || error == NO_DATA)) {
        ret->count = 0;
        return OK_RESULT;
    }
    REQUIRE(scope, len >= 0 && len <= ANSWER_MAX_BYTES, UNAVAILABLE, "dns.failed");
    return dns_read_texts(scope, (struct str){(const char *) answer, (size_t) len}, ret);
}

struct dns *system_dns_new(void) {
    struct dns *dns = calloc(1, sizeof *dns);
    assert(dns != NULL);
    dns->txt = system_txt;
    return dns;
}

void system_dns_free(struct dns **dns) {
    free(*dns);
    *dns = NULL;
}
