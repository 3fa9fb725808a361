#include "base/dns.h"

#include <assert.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
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

struct system_dns {
    struct dns dns; /* first */
    bool has_server;
    struct sockaddr_in server;
};

static result system_txt(struct dns *dns, struct scope *scope, struct str name,
                         struct dns_texts *ret) {
    const struct system_dns *system = (const struct system_dns *) (const void *) dns;
    const char *text = NULL;
    TRY(str_to_c(scope, name, &text));
    struct __res_state state;
    memset(&state, 0, sizeof state);
    REQUIRE(scope, res_ninit(&state) == 0, UNAVAILABLE, "dns.failed");
    if (system->has_server) {
        state.nscount = 1;
        state.nsaddr_list[0] = system->server;
    }
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

static bool parse_server(struct scope *scope, struct str text, struct sockaddr_in *ret) {
    struct str address;
    const char *c_address = NULL;
    uint64_t port = 0;
    const struct str port_text = str_split(text, ':', &address);
    *ret = (struct sockaddr_in){.sin_family = AF_INET};
    if (!is_ok(str_to_c(scope, address, &c_address)) ||
        !is_ok(parse_u64(scope, port_text, UINT16_MAX, &port))) {
        return false;
    }
    ret->sin_port = htons((uint16_t) port);
    return inet_pton(AF_INET, c_address, &ret->sin_addr) == 1;
}

result system_dns_new(struct scope *scope, struct str server, struct dns **ret) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    REQUIRE(scope, server.len == 0 || parse_server(scope, server, &address), INVALID, "dns.server");
    struct system_dns *dns = calloc(1, sizeof *dns);
    assert(dns != NULL);
    dns->dns.txt = system_txt;
    dns->has_server = server.len > 0;
    dns->server = address;
    *ret = &dns->dns;
    return OK_RESULT;
}

void system_dns_free(struct dns **dns) {
    free(*dns);
    *dns = NULL;
}
