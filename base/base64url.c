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

/* A digit's value and one; 0: no digit. A look-up, because no processor predicts branches on random
 * bytes. */
static const unsigned char DIGITS[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64};

result base64url_decode(struct scope *scope, struct str text, struct str *ret) {
    REQUIRE(scope, text.len % 4 != 1, INVALID, "base64url.malformed");
    char *bytes = arena_alloc(scope->arena, text.len / 4 * 3 + 3);
    size_t out = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint32_t digit = DIGITS[(unsigned char) text.at[i]];
        REQUIRE(scope, digit > 0, INVALID, "base64url.malformed");
        bits = (bits << 6 | (digit - 1)) & 0xffffff;
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
