#include "base/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/arena.h"
#include "base/percent.h"

enum {
    HOST_MAX_BYTES = 253,
    LABEL_MAX_BYTES = 63,
    RETURN_PATH_MAX_BYTES = 1024,
    EMAIL_MAX_BYTES = 254 /* RFC 5321 section 4.5.3.1.3, without the brackets */
};

static const char UNRESERVED[] = "-._~"; /* RFC 3986 section 2.3, beside letters and digits */

static bool is_lower(char byte) {
    return byte >= 'a' && byte <= 'z';
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* 0x21 to 0x7e without the backslash, which browsers take for a slash. */
static bool is_visible(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char) text.at[i];
        if (byte <= 0x20 || byte >= 0x7f || byte == '\\') {
            return false;
        }
    }
    return true;
}

/* RFC 3986 section 3.1, lower-cased before. */
static bool is_scheme(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        const bool is_other = is_digit(byte) || byte == '+' || byte == '-' || byte == '.';
        if (!is_lower(byte) && (i == 0 || !is_other)) {
            return false;
        }
    }
    return text.len > 0 && text.len <= 32;
}

static bool is_label(struct str label, bool may_have_underscore) {
    for (size_t i = 0; i < label.len; i++) {
        const char byte = label.at[i];
        const bool is_inner = byte == '-' && i > 0 && i + 1 < label.len;
        const bool is_underscore = byte == '_' && may_have_underscore;
        if (!is_lower(byte) && !is_digit(byte) && !is_inner && !is_underscore) {
            return false;
        }
    }
    return label.len > 0 && label.len <= LABEL_MAX_BYTES;
}

static bool is_address(int family, struct str text) {
    char copy[INET6_ADDRSTRLEN + 1];
    unsigned char address[sizeof(struct in6_addr)];
    if (text.len >= sizeof copy || text.len == 0) {
        return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return strlen(copy) == text.len && inet_pton(family, copy, address) == 1;
}

/* A name whose last label is a number is an IPv4 address, or nothing: inet_aton and getaddrinfo
 * also read "127.1", "0177.0.0.1", "2130706433" and "0x7f000001" (WHATWG URL, "ends in a number").
 */
static bool ends_in_number(struct str label) {
    if (str_has_prefix(label, STR("0x"))) {
        return true;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_digit(label.at[i])) {
            return false;
        }
    }
    return true;
}

static bool is_host_name(struct str host, bool may_have_underscore) {
    if (host.len == 0 || host.len > HOST_MAX_BYTES || str_has_suffix(host, STR("."))) {
        return false;
    }
    struct str label = STR("");
    struct str rest = host;
    while (rest.len > 0) {
        rest = str_split(rest, '.', &label);
        if (!is_label(label, may_have_underscore)) {
            return false;
        }
    }
    return !ends_in_number(label);
}

static uint16_t default_port(struct str scheme) {
    static const struct {
        struct str scheme;
        uint16_t port;
    } PORTS[] = {
        {STR_INIT("http"), 80},    {STR_INIT("https"), 443},     {STR_INIT("ldap"), 389},
        {STR_INIT("ldaps"), 636},  {STR_INIT("postgres"), 5432}, {STR_INIT("postgresql"), 5432},
        {STR_INIT("redis"), 6379}, {STR_INIT("rediss"), 6379},   {STR_INIT("smtp"), 25},
        {STR_INIT("smtps"), 465},
    };
    for (size_t i = 0; i < sizeof PORTS / sizeof PORTS[0]; i++) {
        if (str_eq(PORTS[i].scheme, scheme)) {
            return PORTS[i].port;
        }
    }
    return 0;
}

static result parse_port(struct scope *scope, struct str text, struct url *url) {
    uint64_t port = 0;
    if (!is_ok(parse_u64(scope, text, UINT16_MAX, &port)) || port == 0) {
        return FAIL(scope, INVALID, "url.malformed");
    }
    url->port = (uint16_t) port;
    url->has_port = true;
    return OK_RESULT;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static result parse_authority(struct scope *scope, struct str text, struct url *url) {
    const struct str lower = str_lower_ascii(scope->arena, text);
    struct str rest;
    url->port = default_port(url->scheme);
    if (str_has_prefix(lower, STR("["))) {
        const ptrdiff_t end = str_find_byte(lower, ']');
        REQUIRE(scope, end > 0, INVALID, "url.malformed");
        url->host = str_from(str_first(lower, (size_t) end), 1);
        rest = str_from(lower, (size_t) end + 1);
        REQUIRE(scope, is_address(AF_INET6, url->host), INVALID, "url.malformed");
    } else {
        (void) str_split(lower, ':', &url->host);
        rest = str_from(lower, url->host.len);
        REQUIRE(scope, is_address(AF_INET, url->host) || is_host_name(url->host, true), INVALID,
                "url.malformed");
    }
    if (rest.len == 0) {
        return OK_RESULT;
    }
    REQUIRE(scope, rest.at[0] == ':', INVALID, "url.malformed");
    return parse_port(scope, str_from(rest, 1), url);
}

static size_t authority_len(struct str text) {
    size_t len = 0;
    while (len < text.len && text.at[len] != '/' && text.at[len] != '?' && text.at[len] != '#') {
        len++;
    }
    return len;
}

static void split_path(struct str text, struct url *url) {
    struct str before_fragment;
    url->fragment = str_split(text, '#', &before_fragment);
    url->query = str_split(before_fragment, '?', &url->path);
}

result url_parse_with_user(struct scope *scope, struct str text, struct url *ret,
                           struct str *ret_user) {
    struct url url = {.path = STR("")};
    REQUIRE(scope, text.len <= URL_MAX_BYTES, INVALID, "url.malformed");
    REQUIRE(scope, is_visible(text) && percent_is_well_formed(text), INVALID, "url.malformed");
    const ptrdiff_t colon = str_find(text, STR("://"));
    REQUIRE(scope, colon > 0, INVALID, "url.malformed");
    url.scheme = str_lower_ascii(scope->arena, str_first(text, (size_t) colon));
    REQUIRE(scope, is_scheme(url.scheme), INVALID, "url.malformed");

    const struct str behind = str_from(text, (size_t) colon + 3);
    const size_t len = authority_len(behind);
    struct str authority = str_first(behind, len);
    struct str user = STR("");
    const ptrdiff_t at = str_find_byte(authority, '@');
    if (at >= 0) {
        user = str_first(authority, (size_t) at);
        authority = str_from(authority, (size_t) at + 1);
        REQUIRE(scope, user.len > 0, INVALID, "url.malformed");
    }
    TRY(parse_authority(scope, authority, &url));
    split_path(str_from(behind, len), &url);
    *ret = url;
    *ret_user = user;
    return OK_RESULT;
}

result url_parse(struct scope *scope, struct str text, struct url *ret) {
    struct url url;
    struct str user;
    TRY(url_parse_with_user(scope, text, &url, &user));
    REQUIRE(scope, user.len == 0, INVALID, "url.malformed");
    *ret = url;
    return OK_RESULT;
}

result url_parse_web(struct scope *scope, struct str text, bool is_plain_allowed, struct url *ret) {
    struct url url;
    TRY(url_parse(scope, text, &url));
    const bool is_https = str_eq(url.scheme, STR("https"));
    const bool is_http = str_eq(url.scheme, STR("http")) && is_plain_allowed;
    REQUIRE(scope, is_https || is_http, INVALID, "url.scheme");
    REQUIRE(scope, str_find_byte(text, '#') < 0, INVALID, "url.fragment");
    *ret = url;
    return OK_RESULT;
}

result url_check_return_path(struct scope *scope, struct str text) {
    const bool is_path = text.len > 0 && text.at[0] == '/' && (text.len == 1 || text.at[1] != '/');
    REQUIRE(scope, is_path, INVALID, "url.return_path");
    REQUIRE(scope, text.len <= RETURN_PATH_MAX_BYTES && is_visible(text), INVALID,
            "url.return_path");
    return OK_RESULT;
}

static bool is_dots(struct str segment) {
    return str_eq(segment, STR(".")) || str_eq(segment, STR(".."));
}

/* Segments as they stand after decoding; only the last one may be empty ("/", "/a/"). */
static bool has_good_segments(struct str path) {
    struct str rest = str_from(path, 1);
    while (rest.len > 0) {
        struct str segment;
        rest = str_split(rest, '/', &segment);
        if (segment.len == 0 || is_dots(segment)) {
            return false;
        }
    }
    return true;
}

static bool has_encoded_slash(struct str raw) {
    return str_find(raw, STR("%2f")) >= 0 || str_find(raw, STR("%2F")) >= 0;
}

result url_decode_path(struct scope *scope, struct str raw, struct str *ret) {
    struct str path;
    REQUIRE(scope, raw.len > 0 && raw.at[0] == '/', INVALID, "url.path");
    REQUIRE(scope, !has_encoded_slash(raw), INVALID, "url.path");
    REQUIRE(scope, percent_decode(scope->arena, raw, false, &path), INVALID, "url.path");
    REQUIRE(scope, str_is_utf8(path) && !str_has_control(path), INVALID, "url.path");
    REQUIRE(scope, str_find_byte(path, '\\') < 0 && has_good_segments(path), INVALID, "url.path");
    *ret = path;
    return OK_RESULT;
}

struct str url_encode(struct arena *arena, struct str text) {
    return percent_encode(arena, text, UNRESERVED);
}

result url_decode(struct scope *scope, struct str text, struct str *ret) {
    struct str decoded;
    REQUIRE(scope, percent_decode(scope->arena, text, false, &decoded), INVALID, "url.malformed");
    REQUIRE(scope, str_is_utf8(decoded) && str_find_byte(decoded, '\0') < 0, INVALID,
            "url.malformed");
    *ret = decoded;
    return OK_RESULT;
}

result email_domain(struct scope *scope, struct str email, struct str *ret) {
    struct str local;
    REQUIRE(scope, email.len <= EMAIL_MAX_BYTES, INVALID, "email.malformed");
    const struct str domain = str_lower_ascii(scope->arena, str_split(email, '@', &local));
    const bool is_local = local.len > 0 && str_is_utf8(local) && !str_has_control(local) &&
                          str_find_byte(local, ' ') < 0;
    REQUIRE(scope, is_local && is_host_name(domain, false), INVALID, "email.malformed");
    *ret = domain;
    return OK_RESULT;
}
