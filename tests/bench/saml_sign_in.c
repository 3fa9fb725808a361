/* An identity provider made of the forge, and browsers without a past that sign in with it: to the
 * server, to the provider, back to the server with its answer. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxml/parser.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/form.h"
#include "base/inflate.h"
#include "base/json.h"
#include "base/random.h"
#include "base/url.h"
#include "tests/bench/process_tree.h"
#include "tests/bench/saml_bench.h"
#include "tests/bench/saml_browser.h"
#include "tests/support/forge.h"

enum { BROWSERS_MAX = 32, LINE_MAX_BYTES = 2048, ORDER_WORDS = 7, MESSAGE_MAX = 65536 };

struct order {
    int port;
    struct str connection, public_url;
    unsigned people, count, browsers;
    pid_t server;
    const char *issuer;
    int64_t began_us; /* makes ids unique */
    _Atomic unsigned next;
    _Atomic unsigned done;
};

struct visit {
    const struct order *order;
    struct scope *scope;
    struct forge forge;
    unsigned number;
    int fd;
    char *answer;
    struct str relay_state;
};

static bool is_sent(struct visit *visit, struct str request, int *ret_status) {
    *ret_status = load_request(visit->fd, request.at, request.len, visit->answer, BROWSER_ROOM);
    return *ret_status == 303;
}

static struct str parameter(struct str url, struct str name) {
    const ptrdiff_t at = str_find(url, name);
    struct str value = STR("");
    if (at > 0) {
        (void) str_split(str_from(url, (size_t) at + name.len), '&', &value);
    }
    return value;
}

/* What the provider takes out of the redirect. */
static bool read_request(struct visit *visit) {
    struct scope *scope = visit->scope;
    const char *at = visit->answer;
    const struct str location = browser_header(&at, "\r\nLocation: ", "\r\n");
    struct str text;
    struct str packed;
    struct str xml;
    struct str id;
    if (!is_ok(url_decode(scope, parameter(location, STR("SAMLRequest=")), &text)) ||
        !is_ok(base64_decode(scope, text, &packed)) ||
        !is_ok(inflate_raw(scope, packed, MESSAGE_MAX, &xml)) || str_find(xml, STR(" ID=\"")) < 0) {
        return false;
    }
    (void) str_split(str_from(xml, (size_t) str_find(xml, STR(" ID=\"")) + 5), '"', &id);
    visit->forge.request_id = forge_text(scope->arena, "%.*s", STR_ARG(id));
    visit->relay_state = str_copy(scope->arena, parameter(location, STR("RelayState=")));
    return true;
}

static struct str cookies(struct visit *visit) {
    struct strbuf out = strbuf_begin(visit->scope->arena, 4096);
    const char *at = visit->answer;
    const char *between = "";
    for (struct str one = browser_header(&at, "\r\nSet-Cookie: ", ";\r\n"); one.len > 0;
         one = browser_header(&at, "\r\nSet-Cookie: ", ";\r\n")) {
        strbuf_add_c(&out, between);
        strbuf_add(&out, one);
        between = "; ";
    }
    return strbuf_str(&out);
}

static const char *answer_of(struct visit *visit) {
    struct arena *arena = visit->scope->arena;
    const unsigned person = visit->number % visit->order->people;
    const struct forge_subject subject = {
        .name_id_xml = forge_text(
            arena,
            "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">"
            "person-%u</saml:NameID>",
            person)};
    const struct forge_assertion assertion = {
        .id = forge_text(arena, "_assertion-%lld-%u", (long long) visit->order->began_us,
                         visit->number),
        .subject_xml = forge_subject(&visit->forge, &subject),
        .attributes_xml = forge_text(
            arena,
            "<saml:AttributeStatement><saml:Attribute Name=\"mail\"><saml:AttributeValue>"
            "person-%u@example.com</saml:AttributeValue></saml:Attribute>"
            "</saml:AttributeStatement>",
            person)};
    const struct forge_response response = {.assertion_xml =
                                                forge_assertion(&visit->forge, &assertion)};
    const char *xml = forge_response(&visit->forge, &response);
    const struct forge_signing signing = {.key_info_xml = forge_x509_data(arena, FORGE_IDP)};
    xml = forge_sign(arena, xml, SIGN_ASSERTION, &signing);
    return forge_base64(arena, str_from_c(forge_done(arena, xml)));
}

static struct str post_of(struct visit *visit) {
    struct arena *arena = visit->scope->arena;
    const struct str cookie = cookies(visit);
    const struct form_field fields[] = {{STR("SAMLResponse"), str_from_c(answer_of(visit))},
                                        {STR("RelayState"), visit->relay_state}};
    const struct str body = form_write(arena, fields, 2);
    return str_format(arena,
                      "POST /saml/%.*s/acs HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nCookie: %.*s\r\n"
                      "Content-Type: application/x-www-form-urlencoded\r\n"
                      "Content-Length: %zu\r\n\r\n%.*s",
                      STR_ARG(visit->order->connection), visit->order->port, STR_ARG(cookie),
                      body.len, STR_ARG(body));
}

/* There, to the provider, and back; signed in when the answer sets the session's cookie. */
static bool sign_in(struct visit *visit) {
    const struct order *order = visit->order;
    int status = 0;
    const struct str start = str_format(visit->scope->arena,
                                        "GET /saml/%.*s/login HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                                        "Accept: text/html\r\n\r\n",
                                        STR_ARG(order->connection), order->port);
    const bool is_back = is_sent(visit, start, &status) && read_request(visit) &&
                         is_sent(visit, post_of(visit), &status);
    const char *at = visit->answer;
    const bool is_in =
        is_back && browser_header(&at, "\r\nSet-Cookie: gatehouse=", ";\r\n").len > 0;
    if (!is_in) {
        (void) fprintf(stderr, "sign-in: %d %.1000s\n", status, visit->answer);
    }
    return is_in;
}

static void fill_forge(struct visit *visit) {
    struct arena *arena = visit->scope->arena;
    const struct order *order = visit->order;
    visit->forge = forge_begin(arena);
    const char *base =
        forge_text(arena, "%.*s/saml/%.*s", STR_ARG(order->public_url), STR_ARG(order->connection));
    visit->forge.now_us = clock_now_us(visit->scope->env->clock);
    visit->forge.idp = order->issuer;
    visit->forge.acs = forge_text(arena, "%s/acs", base);
    visit->forge.sp = forge_text(arena, "%s/metadata", base);
}

static void *browse(void *context) {
    struct order *order = context;
    const struct env env = {.clock = system_clock(), .random = system_random()};
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {arena, &env, ""};
    char *answer = calloc(1, BROWSER_ROOM);
    for (unsigned number = atomic_fetch_add(&order->next, 1); number < order->count;
         number = atomic_fetch_add(&order->next, 1)) {
        struct visit visit = {.order = order, .scope = &scope, .number = number, .answer = answer};
        fill_forge(&visit);
        visit.fd = browser_connect(order->port, number);
        if (!sign_in(&visit)) {
            exit(1);
        }
        (void) atomic_fetch_add(&order->done, 1);
        (void) close(visit.fd);
        arena_reset(arena);
    }
    free(answer);
    return NULL;
}

static void carry_out(struct order *order) {
    pthread_t threads[BROWSERS_MAX];
    const unsigned browsers = order->browsers < BROWSERS_MAX ? order->browsers : BROWSERS_MAX;
    const double cpu = process_tree_seconds(order->server);
    const uint64_t start = load_now_ns();
    for (unsigned i = 0; i < browsers; i++) {
        if (pthread_create(&threads[i], NULL, browse, order) != 0) {
            abort();
        }
    }
    for (unsigned i = 0; i < browsers; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    const double seconds = (double) (load_now_ns() - start) / 1e9;
    const unsigned done = atomic_load(&order->done);
    (void) printf("{\"sign_ins\":%u,\"per_second\":%.1f,\"cpu_ms\":%.3f}\n", done, done / seconds,
                  (process_tree_seconds(order->server) - cpu) * 1000 / done);
    (void) fflush(stdout);
}

static bool read_order(struct scope *scope, struct str line, struct order *order) {
    struct str words[ORDER_WORDS];
    uint64_t numbers[ORDER_WORDS] = {0};
    for (size_t i = 0; i < ORDER_WORDS; i++) {
        const bool is_text = i == 1 || i == 2;
        line = str_split(line, ' ', &words[i]);
        if (!is_text && !is_ok(parse_u64(scope, words[i], 100000000, &numbers[i]))) {
            return false;
        }
    }
    order->port = (int) numbers[0];
    order->connection = words[1];
    order->public_url = words[2];
    order->people = (unsigned) numbers[3];
    order->count = (unsigned) numbers[4];
    order->browsers = (unsigned) numbers[5];
    order->server = (pid_t) numbers[6];
    return order->people > 0;
}

static void print_metadata(struct arena *arena, const char *issuer) {
    struct forge forge = forge_begin(arena);
    forge.idp = issuer;
    struct json_out out = json_out_begin(arena);
    json_out_open_object(&out);
    json_out_member(
        &out, "metadata",
        str_from_c(forge_done(arena, forge_metadata(&forge, &(struct forge_metadata){0}))));
    json_out_close_object(&out);
    (void) printf("%.*s\n", STR_ARG(json_out_end(&out)));
    (void) fflush(stdout);
}

int saml_sign_in_run(char **args) {
    const struct env env = {.clock = system_clock(), .random = system_random()};
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {arena, &env, ""};
    char line[LINE_MAX_BYTES];
    xmlInitParser();                          /* before there are threads */
    (void) forge_x509_data(arena, FORGE_IDP); /* the key, too */
    print_metadata(arena, args[0]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct order order = {.issuer = args[0], .began_us = clock_now_us(env.clock)};
        if (!read_order(&scope, (struct str){line, strcspn(line, "\n")}, &order)) {
            (void) fprintf(stderr, "sign-in: what order is this: %s\n", line);
            return 1;
        }
        carry_out(&order);
    }
    return 0;
}
