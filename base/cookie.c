#include "base/cookie.h"

#include <string.h>

#include "base/arena.h"

enum { HEADER_MAX_BYTES = 8 * 1024, FORMATTED_MAX_BYTES = 4096 };

/* RFC 9110 section 5.6.2 */
static bool is_token(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char) text.at[i];
        if (byte <= 0x20 || byte >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", byte) != NULL) {
            return false;
        }
    }
    return text.len > 0;
}

/* RFC 6265 section 4.1.1 */
static bool is_cookie_octets(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char) text.at[i];
        if (byte <= 0x20 || byte >= 0x7f || byte == '"' || byte == ',' || byte == ';' ||
            byte == '\\') {
            return false;
        }
    }
    return true;
}

result cookie_get(struct scope *scope, struct str header, struct str name, struct str *ret) {
    struct str found = STR("");
    bool is_found = false;
    REQUIRE(scope, header.len <= HEADER_MAX_BYTES, TOO_LARGE, "cookie.size");
    while (header.len > 0) {
        struct str pair;
        struct str pair_name;
        header = str_split(header, ';', &pair);
        const struct str value = str_trim_blanks(str_split(pair, '=', &pair_name));
        if (!str_eq(str_trim_blanks(pair_name), name) || pair_name.len == pair.len) {
            continue;
        }
        /* a malformed one counts, so that it cannot hide behind a good one */
        REQUIRE(scope, !is_found, INVALID, "cookie.duplicate");
        is_found = true;
        found = is_cookie_octets(value) ? value : STR("");
    }
    *ret = found;
    return OK_RESULT;
}

/* RFC 6265bis section 4.1.3: browsers drop cookies that break the promise of their prefix. */
static bool keeps_promises(const struct cookie *cookie) {
    const bool is_host = str_has_prefix(cookie->name, STR("__Host-"));
    const bool needs_secure = is_host || str_has_prefix(cookie->name, STR("__Secure-")) ||
                              strcmp(cookie->same_site, "None") == 0;
    return (!needs_secure || cookie->is_secure) && (!is_host || str_eq(cookie->path, STR("/")));
}

static bool is_same_site(const char *text) {
    return strcmp(text, "Lax") == 0 || strcmp(text, "None") == 0 || strcmp(text, "Strict") == 0;
}

result cookie_format(struct scope *scope, const struct cookie *cookie, struct str *ret) {
    REQUIRE(scope, is_token(cookie->name) && is_cookie_octets(cookie->value), INVALID,
            "cookie.value");
    REQUIRE(scope, str_has_prefix(cookie->path, STR("/")) && is_cookie_octets(cookie->path),
            INVALID, "cookie.value");
    REQUIRE(scope, is_same_site(cookie->same_site) && keeps_promises(cookie), INVALID,
            "cookie.value");
    struct strbuf buf = strbuf_begin(scope->arena, FORMATTED_MAX_BYTES);
    strbuf_add(&buf, cookie->name);
    strbuf_add_byte(&buf, '=');
    strbuf_add(&buf, cookie->value);
    strbuf_add_c(&buf, "; Path=");
    strbuf_add(&buf, cookie->path);
    if (cookie->max_age_s >= 0) {
        strbuf_add_c(&buf, "; Max-Age=");
        strbuf_add_number(&buf, cookie->max_age_s);
    }
    strbuf_add_c(&buf, cookie->is_secure ? "; Secure" : "");
    strbuf_add_c(&buf, cookie->is_http_only ? "; HttpOnly" : "");
    strbuf_add_c(&buf, "; SameSite=");
    strbuf_add_c(&buf, cookie->same_site);
    return strbuf_finish(scope, &buf, ret);
}
