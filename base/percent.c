#include "base/percent.h"

#include <string.h>

#include "base/arena.h"

static int hex_value(char byte) {
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* The byte behind the '%' at `i`; -1: broken. */
static int escape_value(struct str text, size_t i) {
    if (text.len - i < 3) {
        return -1;
    }
    const int high = hex_value(text.at[i + 1]);
    const int low = hex_value(text.at[i + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool percent_decode(struct arena *arena, struct str text, bool plus_is_blank, struct str *ret) {
    char *bytes = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '%') {
            bytes[len++] = text.at[i] == '+' && plus_is_blank ? ' ' : text.at[i];
            continue;
        }
        const int value = escape_value(text, i);
        if (value < 0) {
            return false;
        }
        bytes[len++] = (char) (unsigned char) value;
        i += 2;
    }
    *ret = (struct str){bytes, len};
    return true;
}

bool percent_is_well_formed(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '%' && escape_value(text, i) < 0) {
            return false;
        }
    }
    return true;
}

static bool is_letter_or_digit(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

struct str percent_encode(struct arena *arena, struct str text, const char *plain) {
    static const char HEX[] = "0123456789ABCDEF";
    char *bytes = arena_alloc_array(arena, text.len + 1, 3);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        if (is_letter_or_digit(byte) || (byte != '\0' && strchr(plain, byte) != NULL)) {
            bytes[len++] = byte;
            continue;
        }
        bytes[len++] = '%';
        bytes[len++] = HEX[(unsigned char) byte >> 4];
        bytes[len++] = HEX[(unsigned char) byte & 15];
    }
    return (struct str){bytes, len};
}
