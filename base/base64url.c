#include "base/base64url.h"

#include <stdint.h>

#include "base/arena.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct str base64url_encode(struct arena *arena, const void *bytes, size_t len) {
    const unsigned char *at = bytes;
    char *text = arena_alloc(arena, len / 3 * 4 + 4);
    size_t out = 0;
    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const uint32_t group = (uint32_t) at[i] << 16 | (left > 1 ? (uint32_t) at[i + 1] << 8 : 0) |
                               (left > 2 ? (uint32_t) at[i + 2] : 0);
        text[out++] = ALPHABET[group >> 18 & 63];
        text[out++] = ALPHABET[group >> 12 & 63];
        if (left > 1) {
            text[out++] = ALPHABET[group >> 6 & 63];
        }
        if (left > 2) {
            text[out++] = ALPHABET[group & 63];
        }
    }
    return (struct str){text, out};
}

static int digit_value(char byte) {
    if (byte >= 'A' && byte <= 'Z') {
        return byte - 'A';
    }
    if (byte >= 'a' && byte <= 'z') {
        return byte - 'a' + 26;
    }
    if (byte >= '0' && byte <= '9') {
        return byte - '0' + 52;
    }
    return byte == '-' ? 62 : byte == '_' ? 63 : -1;
}

result base64url_decode(struct scope *scope, struct str text, struct str *ret) {
    REQUIRE(scope, text.len % 4 != 1, INVALID, "base64url.malformed");
    char *bytes = arena_alloc(scope->arena, text.len / 4 * 3 + 3);
    size_t out = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const int value = digit_value(text.at[i]);
        REQUIRE(scope, value >= 0, INVALID, "base64url.malformed");
        bits = (bits << 6 | (uint32_t) value) & 0xffffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[out++] = (char) (unsigned char) (bits >> count);
        }
    }
    REQUIRE(scope, (bits & ((1U << count) - 1)) == 0, INVALID, "base64url.malformed");
    *ret = (struct str){bytes, out};
    return OK_RESULT;
}
