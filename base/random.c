#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/base64url.h"
#include "base/clock.h"
#include "base/env.h"

enum { UUID_BYTES = 16, UUID_TEXT_LEN = 36 };

static void system_bytes(const struct random *random, void *ret, size_t len) {
    (void) random;
    unsigned char *at = ret;
    while (len > 0) {
        const ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            abort();
        }
        at += got;
        len -= (size_t) got;
    }
}

const struct random *system_random(void) {
    static const struct random SYSTEM = {system_bytes};
    return &SYSTEM;
}

static bool is_dash_position(size_t i) {
    return i == 8 || i == 13 || i == 18 || i == 23;
}

struct str uuid_v7(struct scope *scope) {
    unsigned char bytes[UUID_BYTES];
    scope->env->random->bytes(scope->env->random, bytes, sizeof bytes);
    const uint64_t ms = (uint64_t) clock_now_us(scope->env->clock) / 1000;
    for (size_t i = 0; i < 6; i++) {
        bytes[i] = (unsigned char) (ms >> (40 - 8 * i));
    }
    bytes[6] = (unsigned char) ((bytes[6] & 0x0f) | 0x70);
    bytes[8] = (unsigned char) ((bytes[8] & 0x3f) | 0x80);
    static const char HEX[] = "0123456789abcdef";
    char *text = arena_alloc(scope->arena, UUID_TEXT_LEN + 1);
    size_t out = 0;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (is_dash_position(out)) {
            text[out++] = '-';
        }
        text[out++] = HEX[bytes[i] >> 4];
        text[out++] = HEX[bytes[i] & 0x0f];
    }
    return (struct str){text, UUID_TEXT_LEN};
}

struct str random_token(struct scope *scope, size_t len) {
    unsigned char *bytes = arena_alloc(scope->arena, len);
    scope->env->random->bytes(scope->env->random, bytes, len);
    return base64url_encode(scope->arena, bytes, len);
}

bool uuid_is_valid(struct str text) {
    if (text.len != UUID_TEXT_LEN) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        const bool is_hex = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        if (is_dash_position(i) ? byte != '-' : !is_hex) {
            return false;
        }
    }
    return true;
}
