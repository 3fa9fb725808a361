#include "base/http_client.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/curl_options.h"

/* One easy handle per call: a connection that is reused skips the address filter, so one opened
 * under a rule of the operator must never serve another tenant's URL. */

enum {
    DEFAULT_MAX_BYTES = 256 * 1024,
    MAX_HEADER_BYTES = 64 * 1024,
    MAX_URL_BYTES = 2048,
    DEFAULT_CONNECT_MS = 2000,
    DEFAULT_TIMEOUT_MS = 5000
};

struct curl_client {
    struct http_client client; /* first */
    const struct address_rules *allowed;
    long timeout_ms;
};

struct exchange {
    const struct address_rules *allowed;
    struct strbuf body;
    size_t header_bytes;
    struct arena *arena;
    struct str etag;
    bool is_refused;   /* the filter refused an address */
    bool is_connected; /* … but not all of them */
    bool is_too_large;
};

static void close_url(CURLU **url) {
    curl_url_cleanup(*url);
}

/* The port and the 16 bytes of the address that is about to be connected. */
static bool read_address(const struct curl_sockaddr *peer, unsigned char address[ADDRESS_BYTES],
                         uint16_t *ret_port) {
    if (peer->family == AF_INET && peer->addrlen >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, &peer->addr, sizeof ipv4);
        memset(address, 0, ADDRESS_BYTES);
        memset(address + 10, 0xff, 2);
        memcpy(address + 12, &ipv4.sin_addr, 4);
        *ret_port = ntohs(ipv4.sin_port);
        return true;
    }
    if (peer->family == AF_INET6 && peer->addrlen >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, &peer->addr, sizeof ipv6);
        memcpy(address, &ipv6.sin6_addr, ADDRESS_BYTES);
        *ret_port = ntohs(ipv6.sin6_port);
        return true;
    }
    return false;
}

/* Runs behind name resolution, so that a name cannot be changed between check and use. */
static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *peer) {
    struct exchange *exchange = self;
    unsigned char address[ADDRESS_BYTES];
    uint16_t port = 0;
    if (purpose != CURLSOCKTYPE_IPCXN || !read_address(peer, address, &port) ||
        !address_is_allowed(address, port, exchange->allowed)) {
        exchange->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    exchange->is_connected = true;
    return socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): as libcurl declares it */
static size_t take_body(char *bytes, size_t size, size_t count, void *self) {
    struct exchange *exchange = self;
    strbuf_add(&exchange->body, (struct str){bytes, size * count});
    exchange->is_too_large = exchange->is_too_large || exchange->body.is_full;
    return exchange->is_too_large ? 0 : size * count;
}

/* libcurl keeps headers without a limit of its own. */
/* NOLINTNEXTLINE(readability-non-const-parameter): as libcurl declares it */
static size_t take_header(char *bytes, size_t size, size_t count, void *self) {
    struct exchange *exchange = self;
    struct str name;
    const struct str value = str_split((struct str){bytes, size * count}, ':', &name);
    if (str_eq_ascii_nocase(name, STR("etag"))) {
        struct str line;
        (void) str_split(value, '\r', &line);
        exchange->etag = str_copy(exchange->arena, str_trim_blanks(line));
    }
    exchange->header_bytes += size * count;
    exchange->is_too_large = exchange->is_too_large || exchange->header_bytes > MAX_HEADER_BYTES;
    return exchange->is_too_large ? 0 : size * count;
}

static long to_ms(int64_t us, long fallback) {
    return us <= 0 ? fallback : us < US_PER_MS ? 1 : (long) (us / US_PER_MS);
}

static result parse_url(struct scope *scope, struct str text, CURLU *ret) {
    const char *c_text = NULL;
    REQUIRE(scope, text.len <= MAX_URL_BYTES && !str_has_control(text), INVALID, "http.url");
    REQUIRE(scope, str_find_byte(text, ' ') < 0 && str_find_byte(text, '\\') < 0, INVALID,
            "http.url");
    REQUIRE(scope, is_ok(str_to_c(scope, text, &c_text)), INVALID, "http.url");
    REQUIRE(scope, curl_url_set(ret, CURLUPART_URL, c_text, CURLU_DISALLOW_USER) == CURLUE_OK,
            INVALID, "http.url");
    char *scheme = NULL;
    REQUIRE(scope, curl_url_get(ret, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK, INVALID,
            "http.url");
    const bool is_https = str_eq(str_from_c(scheme), STR("https"));
    curl_free(scheme);
    REQUIRE(scope, is_https && str_find_byte(text, '#') < 0, INVALID, "http.url");
    return OK_RESULT;
}

static bool is_token(struct str name) {
    for (size_t i = 0; i < name.len; i++) {
        const char byte = name.at[i];
        const bool is_word = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                             (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        if (!is_word) {
            return false;
        }
    }
    return name.len > 0;
}

static void append_header(struct curl_slist **headers, struct scope *scope, struct str name,
                          struct str value) {
    const struct str line =
        value.len == 0 ? str_format(scope->arena, "%.*s;", STR_ARG(name))
                       : str_format(scope->arena, "%.*s: %.*s", STR_ARG(name), STR_ARG(value));
    curl_lines_add(headers, line.at);
}

static result make_headers(struct scope *scope, const struct http_call *call,
                           struct curl_slist **ret) {
    append_header(ret, scope, STR("User-Agent"), STR("Gatehouse"));
    for (size_t i = 0; i < call->header_count; i++) {
        const struct http_header *header = &call->headers[i];
        REQUIRE(scope, is_token(header->name) && !str_has_control(header->value), INVALID,
                "http.header");
        append_header(ret, scope, header->name, header->value);
    }
    if (call->content_type != NULL) {
        append_header(ret, scope, STR("Content-Type"), str_from_c(call->content_type));
    }
    /* no round trip before a small body */
    curl_lines_add(ret, "Expect:");
    return OK_RESULT;
}

static result set_proxy(struct scope *scope, CURL *easy, struct str proxy) {
    const char *c_proxy = "";
    REQUIRE(scope, proxy.len <= MAX_URL_BYTES && !str_has_control(proxy), INVALID, "http.proxy");
    REQUIRE(scope,
            proxy.len == 0 || str_has_prefix(proxy, STR("http://")) ||
                str_has_prefix(proxy, STR("https://")),
            INVALID, "http.proxy");
    TRY(str_to_c(scope, proxy, &c_proxy));
    CURL_SET(easy, CURLOPT_PROXY, c_proxy); /* "" also switches the environment's off */
    CURL_SET(easy, CURLOPT_NOPROXY, "");
    return OK_RESULT;
}

static void set_method(CURL *easy, const struct http_call *call) {
    const struct str method = str_from_c(call->method);
    if (str_eq(method, STR("GET")) && call->body.len == 0) {
        CURL_SET(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    CURL_SET(easy, CURLOPT_POST, 1L);
    CURL_SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) call->body.len);
    CURL_SET(easy, CURLOPT_POSTFIELDS, call->body.len == 0 ? "" : call->body.at);
    if (!str_eq(method, STR("POST"))) {
        CURL_SET(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

static void set_limits(CURL *easy, const struct http_call *call, struct exchange *exchange,
                       long timeout_ms) {
    CURL_SET(easy, CURLOPT_PROTOCOLS_STR, "https");
    CURL_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    CURL_SET(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    CURL_SET(easy, CURLOPT_NOSIGNAL, 1L);
    CURL_SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    CURL_SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    CURL_SET(easy, CURLOPT_OPENSOCKETDATA, exchange);
    CURL_SET(easy, CURLOPT_WRITEFUNCTION, take_body);
    CURL_SET(easy, CURLOPT_WRITEDATA, exchange);
    CURL_SET(easy, CURLOPT_HEADERFUNCTION, take_header);
    CURL_SET(easy, CURLOPT_HEADERDATA, exchange);
    CURL_SET(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) exchange->body.limit);
    CURL_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, to_ms(call->connect_timeout_us, DEFAULT_CONNECT_MS));
    CURL_SET(easy, CURLOPT_TIMEOUT_MS, to_ms(call->timeout_us, timeout_ms));
}

static result explain(struct scope *scope, CURLcode code, const struct exchange *exchange) {
    if (exchange->is_too_large || code == CURLE_FILESIZE_EXCEEDED) {
        return FAIL(scope, TOO_LARGE, "http.size");
    }
    if (exchange->is_refused && !exchange->is_connected) {
        return FAIL(scope, FORBIDDEN, "http.address");
    }
    if (curl_is_tls_failure(code)) {
        return FAIL(scope, UNAVAILABLE, "http.tls");
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return FAIL(scope, UNAVAILABLE, "http.timeout");
    }
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
        code == CURLE_COULDNT_RESOLVE_PROXY) {
        return FAIL(scope, UNAVAILABLE, "http.connect");
    }
    if (code == CURLE_URL_MALFORMAT) {
        return FAIL(scope, INVALID, "http.url");
    }
    return FAIL(scope, UNAVAILABLE, "http.failed");
}

static struct http_reply read_reply(struct scope *scope, CURL *easy,
                                    const struct exchange *exchange) {
    long status = 0;
    const char *type = NULL;
    (void) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    struct str media_type;
    (void) str_split(str_from_c(type), ';', &media_type);
    return (struct http_reply){
        .status = (int) status,
        .content_type = str_lower_ascii(scope->arena, str_trim_blanks(media_type)),
        .body = strbuf_str(&exchange->body),
        .etag = exchange->etag,
    };
}

static result curl_send(struct http_client *client, struct scope *scope,
                        const struct http_call *call, struct http_reply *ret) {
    const struct curl_client *self = (const struct curl_client *) client;
    const size_t limit = call->max_bytes == 0 ? DEFAULT_MAX_BYTES : call->max_bytes;
    struct exchange exchange = {
        .allowed = self->allowed, .arena = scope->arena, .body = strbuf_begin(scope->arena, limit)};
    AUTO(close_url) CURLU *url = curl_url();
    AUTO(curl_lines_close) struct curl_slist *headers = NULL;
    AUTO(curl_easy_close) CURL *easy = curl_easy_init();
    assert(url != NULL && easy != NULL);
    TRY(parse_url(scope, call->url, url));
    TRY(make_headers(scope, call, &headers));
    TRY(set_proxy(scope, easy, call->proxy));
    curl_trust(easy, call->ca_pem);
    set_method(easy, call);
    set_limits(easy, call, &exchange, self->timeout_ms);
    CURL_SET(easy, CURLOPT_CURLU, url);
    CURL_SET(easy, CURLOPT_HTTPHEADER, headers);
    const CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK) {
        return explain(scope, code, &exchange);
    }
    *ret = read_reply(scope, easy, &exchange);
    return OK_RESULT;
}

struct http_client *curl_client_new(const struct address_rules *allowed) {
    struct curl_client *client = calloc(1, sizeof *client);
    if (client == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        abort();
    }
    client->client.send = curl_send;
    client->allowed = allowed;
    client->timeout_ms = DEFAULT_TIMEOUT_MS;
    return &client->client;
}

void curl_client_set_timeout(struct http_client *client, int64_t timeout_us) {
    ((struct curl_client *) client)->timeout_ms = to_ms(timeout_us, DEFAULT_TIMEOUT_MS);
}

void curl_client_free(struct http_client **client) {
    if (*client == NULL) {
        return;
    }
    free(*client);
    *client = NULL;
    curl_global_cleanup();
}
