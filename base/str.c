#include "base/str.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

struct str str_from_c(const char *text) {
    return text == NULL ? (struct str){"", 0} : (struct str){text, strlen(text)};
}

bool str_eq(struct str a, struct str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static unsigned char lower(char byte) {
    const unsigned char value = (unsigned char) byte;
    return value >= 'A' && value <= 'Z' ? (unsigned char) (value + ('a' - 'A')) : value;
}

bool str_eq_ascii_nocase(struct str a, struct str b) {
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

int str_compare(struct str a, struct str b) {
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common == 0 ? 0 : memcmp(a.at, b.at, common);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool str_is_empty(struct str text) {
    return text.len == 0;
}

bool str_has_prefix(struct str text, struct str prefix) {
    return text.len >= prefix.len && str_eq(str_first(text, prefix.len), prefix);
}

bool str_has_suffix(struct str text, struct str suffix) {
    return text.len >= suffix.len && str_eq(str_from(text, text.len - suffix.len), suffix);
}

struct str str_from(struct str text, size_t skip) {
    return skip >= text.len ? (struct str){"", 0} : (struct str){text.at + skip, text.len - skip};
}

struct str str_first(struct str text, size_t len) {
    return (struct str){text.at, len < text.len ? len : text.len};
}

ptrdiff_t str_find_byte(struct str text, char byte) {
    const char *found = text.len == 0 ? NULL : memchr(text.at, byte, text.len);
    return found == NULL ? -1 : found - text.at;
}

ptrdiff_t str_find(struct str text, struct str needle) {
    if (needle.len == 0) {
        return 0;
    }
    const char *found = text.len == 0 ? NULL : memmem(text.at, text.len, needle.at, needle.len);
    return found == NULL ? -1 : found - text.at;
}

struct str str_split(struct str text, char separator, struct str *ret_head) {
    const ptrdiff_t at = str_find_byte(text, separator);
    *ret_head = at < 0 ? text : str_first(text, (size_t) at);
    return at < 0 ? (struct str){"", 0} : str_from(text, (size_t) at + 1);
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

struct str str_trim_blanks(struct str text) {
    while (text.len > 0 && is_blank(text.at[0])) {
        text = str_from(text, 1);
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* RFC 3629 section 4: the length of one character at `at`, 0 when malformed. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): that section in one place */
static size_t utf8_char_len(const unsigned char *at, size_t left) {
    if (at[0] < 0x80) {
        return 1;
    }
    const size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < len) {
        return 0;
    }
    const unsigned char low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool str_is_utf8(struct str text) {
    size_t i = 0;
    while (i < text.len) {
        const size_t len = utf8_char_len((const unsigned char *) text.at + i, text.len - i);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

struct str str_first_text(struct str text, size_t len) {
    struct str first = str_first(text, len);
    while (first.len < text.len && first.len > 0 &&
           ((unsigned char) text.at[first.len] & 0xc0) == 0x80) {
        first.len--;
    }
    return first;
}

bool str_has_control(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char) text.at[i];
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

struct str str_copy(struct arena *arena, struct str text) {
    char *copy = arena_alloc(arena, text.len + 1); /* the NUL behind is a courtesy to debuggers */
    if (text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    return (struct str){copy, text.len};
}

struct str str_lower_ascii(struct arena *arena, struct str text) {
    char *copy = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = (char) lower(text.at[i]);
    }
    return (struct str){copy, text.len};
}

result str_to_c(struct scope *scope, struct str text, const char **ret) {
    REQUIRE(scope, str_find_byte(text, '\0') < 0, INVALID, "text.nul");
    *ret = str_copy(scope->arena, text).at;
    return OK_RESULT;
}

struct str str_format(struct arena *arena, const char *format, ...) {
    va_list first;
    va_start(first, format);
    va_list second;
    va_copy(second, first);
    const int len = vsnprintf(NULL, 0, format, first);
    va_end(first);
    assert(len >= 0);
    char *text = arena_alloc(arena, (size_t) len + 1);
    (void) vsnprintf(text, (size_t) len + 1, format, second);
    va_end(second);
    return (struct str){text, (size_t) len};
}

result parse_u64(struct scope *scope, struct str text, uint64_t max, uint64_t *ret) {
    REQUIRE(scope, text.len > 0 && text.len <= 20, INVALID, "text.number");
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        REQUIRE(scope, byte >= '0' && byte <= '9', INVALID, "text.number");
        const bool is_over = __builtin_mul_overflow(number, 10U, &number) ||
                             __builtin_add_overflow(number, (uint64_t) (byte - '0'), &number);
        REQUIRE(scope, !is_over && number <= max, INVALID, "text.number");
    }
    *ret = number;
    return OK_RESULT;
}

result parse_i64(struct scope *scope, struct str text, int64_t min, int64_t max, int64_t *ret) {
    const bool is_negative = text.len > 0 && text.at[0] == '-';
    uint64_t magnitude = 0;
    TRY(parse_u64(scope, is_negative ? str_from(text, 1) : text, INT64_MAX, &magnitude));
    const int64_t number = is_negative ? -(int64_t) magnitude : (int64_t) magnitude;
    REQUIRE(scope, number >= min && number <= max, INVALID, "text.number");
    *ret = number;
    return OK_RESULT;
}

struct strbuf strbuf_begin(struct arena *arena, size_t limit) {
    return (struct strbuf){.arena = arena, .at = NULL, .limit = limit};
}

static bool strbuf_reserve(struct strbuf *buf, size_t more) {
    if (buf->is_full || more > buf->limit - buf->len) {
        buf->is_full = true;
        return false;
    }
    if (buf->capacity - buf->len >= more) {
        return true;
    }
    size_t capacity = buf->capacity == 0 ? 256 : buf->capacity * 2;
    if (capacity < buf->len + more) {
        capacity = buf->len + more;
    }
    char *grown = arena_alloc(buf->arena, capacity);
    if (buf->len > 0) {
        memcpy(grown, buf->at, buf->len);
    }
    buf->at = grown;
    buf->capacity = capacity;
    return true;
}

void strbuf_add(struct strbuf *buf, struct str text) {
    if (text.len > 0 && strbuf_reserve(buf, text.len)) {
        memcpy(buf->at + buf->len, text.at, text.len);
        buf->len += text.len;
    }
}

void strbuf_add_c(struct strbuf *buf, const char *text) {
    strbuf_add(buf, str_from_c(text));
}

void strbuf_add_byte(struct strbuf *buf, char byte) {
    strbuf_add(buf, (struct str){&byte, 1});
}

void strbuf_add_number(struct strbuf *buf, int64_t number) {
    char digits[24];
    const int len = snprintf(digits, sizeof digits, "%lld", (long long) number);
    strbuf_add(buf, (struct str){digits, (size_t) len});
}

result strbuf_finish(struct scope *scope, const struct strbuf *buf, struct str *ret) {
    REQUIRE(scope, !buf->is_full, TOO_LARGE, "text.limit");
    *ret = strbuf_str(buf);
    return OK_RESULT;
}

struct str strbuf_str(const struct strbuf *buf) {
    return (struct str){buf->len == 0 ? "" : buf->at, buf->len};
}
