#include "gateway/http/guard.h"

#include "base/ws.h"

static const struct str FRAMING_NAMES[] = {
    STR_INIT("content-length"),
    STR_INIT("transfer-encoding"),
    STR_INIT("host"),
};

/* Two of these would let two parsers see two requests, or two callers. */
static const struct str SINGLE_NAMES[] = {
    STR_INIT("content-length"), STR_INIT("transfer-encoding"),
    STR_INIT("host"),           STR_INIT("authorization"),
    STR_INIT("cookie"),         STR_INIT("content-type"),
};

static bool is_token_byte(char byte) {
    const bool is_alphanumeric = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                                 (byte >= '0' && byte <= '9') || byte == '-';
    return is_alphanumeric || (byte != '\0' && str_find_byte(STR("!#$%&'*+.^_`|~"), byte) >= 0);
}

static bool is_token(struct str name) {
    for (size_t i = 0; i < name.len; i++) {
        if (!is_token_byte(name.at[i])) {
            return false;
        }
    }
    return name.len > 0;
}

/* A folded continuation line arrives glued to the name in front of it: "Content-Lengthzz". */
static bool is_glued_framing_name(struct str name) {
    for (size_t i = 0; i < sizeof FRAMING_NAMES / sizeof FRAMING_NAMES[0]; i++) {
        const struct str framing = FRAMING_NAMES[i];
        if (name.len > framing.len && str_eq_ascii_nocase(str_first(name, framing.len), framing)) {
            return true;
        }
    }
    return false;
}

static bool is_field_text(struct str value) {
    for (size_t i = 0; i < value.len; i++) {
        const unsigned char byte = (unsigned char) value.at[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static size_t count_header(const struct http_request *request, struct str name) {
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        count += str_eq_ascii_nocase(request->headers[i].name, name) ? 1 : 0;
    }
    return count;
}

static result check_framing(struct scope *scope, const struct http_request *request) {
    const bool has_length = http_header_is_present(request, "content-length");
    const bool has_encoding = http_header_is_present(request, "transfer-encoding");
    REQUIRE(scope, !(has_length && has_encoding), INVALID, "http.framing");
    if (has_encoding) {
        const struct str encoding = http_header_get(request, "transfer-encoding");
        REQUIRE(scope, str_eq_ascii_nocase(encoding, STR("chunked")), INVALID, "http.framing");
    }
    if (has_length) {
        uint64_t length = 0;
        const result digits =
            parse_u64(scope, http_header_get(request, "content-length"), INT64_MAX, &length);
        REQUIRE(scope, is_ok(digits), INVALID, "http.framing");
    }
    return OK_RESULT;
}

result http_guard(struct scope *scope, const struct http_request *request) {
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        REQUIRE(scope, is_token(header->name), INVALID, "http.header_name");
        REQUIRE(scope, !is_glued_framing_name(header->name), INVALID, "http.header_name");
        REQUIRE(scope, is_field_text(header->value), INVALID, "http.header_value");
    }
    for (size_t i = 0; i < sizeof SINGLE_NAMES / sizeof SINGLE_NAMES[0]; i++) {
        REQUIRE(scope, count_header(request, SINGLE_NAMES[i]) <= 1, INVALID,
                "http.duplicate_header");
    }
    return check_framing(scope, request);
}

/* True when the comma-separated header value has the word, in any case. */
static bool has_word(struct str list, struct str word) {
    while (list.len > 0) {
        struct str piece;
        list = str_split(list, ',', &piece);
        if (str_eq_ascii_nocase(str_trim_blanks(piece), word)) {
            return true;
        }
    }
    return false;
}

result http_upgrade_check(struct scope *scope, const struct http_request *request,
                          struct str public_url, struct str *ret_accept) {
    const bool is_upgrade = has_word(http_header_get(request, "upgrade"), STR("websocket")) &&
                            has_word(http_header_get(request, "connection"), STR("upgrade"));
    REQUIRE(scope, is_upgrade && request->method == HTTP_GET, INVALID, "live.upgrade");
    REQUIRE(scope, str_eq(http_header_get(request, "sec-websocket-version"), STR("13")), INVALID,
            "live.upgrade");
    REQUIRE(scope,
            has_word(http_header_get(request, "sec-websocket-protocol"), STR("gatehouse.v1")),
            INVALID, "live.upgrade");
    if (http_header_is_present(request, "cookie")) {
        REQUIRE(scope, str_eq(http_header_get(request, "origin"), public_url), FORBIDDEN,
                "live.origin");
    }
    return ws_accept(scope, http_header_get(request, "sec-websocket-key"), ret_accept);
}
