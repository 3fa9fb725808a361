#include "tests/support/forge.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/percent.h"
#include "base/time_text.h"
#include "tests/support/fixture.h"

const char *forge_text(struct arena *arena, const char *format, ...) {
    va_list first;
    va_start(first, format);
    va_list second;
    va_copy(second, first);
    const int len = vsnprintf(NULL, 0, format, first);
    va_end(first);
    assert_true(len >= 0);
    char *text = arena_alloc(arena, (size_t) len + 1);
    (void) vsnprintf(text, (size_t) len + 1, format, second);
    va_end(second);
    return text;
}

static const char *found(const char *text, const char *what) {
    const char *at = strstr(text, what);
    if (at == NULL) {
        fail_msg("\"%s\" is not in %s", what, text);
    }
    return at;
}

static const char *spliced(struct arena *arena, const char *text, const char *at, size_t drop,
                           const char *add) {
    const size_t head = (size_t) (at - text), add_len = strlen(add);
    const size_t tail = strlen(at + drop);
    char *ret = arena_alloc(arena, head + add_len + tail + 1);
    memcpy(ret, text, head);
    memcpy(ret + head, add, add_len);
    memcpy(ret + head + add_len, at + drop, tail);
    return ret;
}

const char *edit(struct arena *arena, const char *text, const char *from, const char *to) {
    return spliced(arena, text, found(text, from), strlen(from), to);
}

const char *edit_last(struct arena *arena, const char *text, const char *from, const char *to) {
    const char *last = found(text, from);
    for (const char *at = last; at != NULL; at = strstr(at + 1, from)) {
        last = at;
    }
    return spliced(arena, text, last, strlen(from), to);
}

const char *edit_all(struct arena *arena, const char *text, const char *from, const char *to) {
    (void) found(text, from);
    size_t skip = 0;
    for (const char *at = strstr(text, from); at != NULL; at = strstr(text + skip, from)) {
        skip = (size_t) (at - text) + strlen(to);
        text = spliced(arena, text, at, strlen(from), to);
    }
    return text;
}

const char *edit_before(struct arena *arena, const char *text, const char *place, const char *add) {
    return spliced(arena, text, found(text, place), 0, add);
}

const char *edit_after(struct arena *arena, const char *text, const char *place, const char *add) {
    return spliced(arena, text, found(text, place) + strlen(place), 0, add);
}

const char *cut(struct arena *arena, const char *text, const char *begin, const char *end) {
    const char *from = found(text, begin);
    const char *to = found(from, end) + strlen(end);
    return forge_text(arena, "%.*s", (int) (to - from), from);
}

const char *without(struct arena *arena, const char *text, const char *begin, const char *end) {
    const char *from = found(text, begin);
    const char *to = found(from, end) + strlen(end);
    return spliced(arena, text, from, (size_t) (to - from), "");
}

const char *repeat(struct arena *arena, const char *text, size_t count) {
    const size_t len = strlen(text);
    char *ret = arena_alloc(arena, len * count + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(ret + i * len, text, len);
    }
    return ret;
}

struct forge forge_begin(struct arena *arena) {
    return (struct forge){.arena = arena,
                          .now_us = INT64_C(1767323045000000),
                          .idp = "https://idp.example/metadata",
                          .sp = "https://chat.example/saml/one/metadata",
                          .acs = "https://chat.example/saml/one/acs",
                          .slo = "https://chat.example/saml/one/slo",
                          .request_id = "_request-1"};
}

const char *forge_time(const struct forge *forge, int64_t seconds) {
    const struct str text = time_format(forge->arena, forge->now_us + S_TO_US(seconds));
    return forge_text(forge->arena, "%.*sZ", (int) strlen("2026-01-02T03:04:05"), text.at);
}

const char *forge_done(struct arena *arena, const char *text) {
    if (strstr(text, SIGN_MESSAGE) != NULL) {
        text = edit_all(arena, text, SIGN_MESSAGE, "");
    }
    if (strstr(text, SIGN_ASSERTION) != NULL) {
        text = edit_all(arena, text, SIGN_ASSERTION, "");
    }
    return text;
}

const char *forge_base64(struct arena *arena, struct str bytes) {
    const struct str text = base64_encode(arena, bytes);
    return forge_text(arena, "%.*s", STR_ARG(text));
}

const char *forge_escape(struct arena *arena, const char *text) {
    const struct str escaped = percent_encode(arena, str_from_c(text), "");
    return forge_text(arena, "%.*s", STR_ARG(escaped));
}
