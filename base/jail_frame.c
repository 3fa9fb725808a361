#include "base/jail_frame.h"

#include <assert.h>
#include <string.h>

static void put(unsigned char *at, size_t bytes, uint64_t value) {
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (unsigned char) (value >> (8 * i));
    }
}

static uint64_t get(const unsigned char *at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t) at[i] << (8 * i);
    }
    return value;
}

void jail_message_set(struct jail_message *message, unsigned tag, struct str value) {
    assert(tag < JAIL_TAGS_MAX);
    message->has[tag] = true;
    message->values[tag] = value;
}

result jail_header_read(struct scope *scope, const unsigned char bytes[JAIL_HEADER_BYTES],
                        const struct jail_limits *limits, struct jail_header *ret) {
    const struct jail_header header = {
        .length = (uint32_t) get(bytes, 4),
        .kind = (uint16_t) get(bytes + 6, 2),
        .number = get(bytes + 8, 8),
    };
    REQUIRE(scope, get(bytes + 4, 2) == JAIL_FRAME_VERSION, INVALID, "jail.frame");
    REQUIRE(scope, header.length <= limits->frame, INVALID, "jail.frame");
    *ret = header;
    return OK_RESULT;
}

result jail_body_read(struct scope *scope, const struct jail_header *header, struct str body,
                      const struct jail_limits *limits, struct jail_message *ret) {
    struct jail_message message = {.kind = header->kind, .number = header->number};
    REQUIRE(scope, body.len == header->length, INVALID, "jail.frame");
    while (body.len > 0) {
        REQUIRE(scope, body.len >= JAIL_FIELD_BYTES, INVALID, "jail.frame");
        const unsigned char *at = (const unsigned char *) body.at;
        const size_t tag = get(at, 2);
        const size_t len = get(at + 2, 4);
        body = str_from(body, JAIL_FIELD_BYTES);
        REQUIRE(scope, tag < JAIL_TAGS_MAX && !message.has[tag], INVALID, "jail.frame");
        REQUIRE(scope, len <= limits->tags[tag] && limits->tags[tag] > 0, INVALID, "jail.frame");
        REQUIRE(scope, len <= body.len, INVALID, "jail.frame");
        jail_message_set(&message, (unsigned) tag, str_first(body, len));
        body = str_from(body, len);
    }
    *ret = message;
    return OK_RESULT;
}

static void add_piece(struct jail_pieces *pieces, const void *at, size_t len) {
    pieces->pieces[pieces->count++] = (struct str){at, len};
}

result jail_frame_write(struct scope *scope, const struct jail_message *message,
                        const struct jail_limits *limits, struct jail_pieces *ret) {
    size_t total = 0;
    ret->count = 0;
    add_piece(ret, ret->head, sizeof ret->head);
    for (size_t tag = 0; tag < JAIL_TAGS_MAX; tag++) {
        if (!message->has[tag]) {
            continue;
        }
        const struct str value = message->values[tag];
        REQUIRE(scope, value.len <= limits->tags[tag] && limits->tags[tag] > 0, INVALID,
                "jail.frame");
        put(ret->fields[tag], 2, tag);
        put(ret->fields[tag] + 2, 4, value.len);
        add_piece(ret, ret->fields[tag], JAIL_FIELD_BYTES);
        add_piece(ret, value.at, value.len);
        total += JAIL_FIELD_BYTES + value.len; /* at most 32 values of 32 bits: cannot overflow */
    }
    REQUIRE(scope, total <= limits->frame, INVALID, "jail.frame");
    put(ret->head, 4, total);
    put(ret->head + 4, 2, JAIL_FRAME_VERSION);
    put(ret->head + 6, 2, message->kind);
    put(ret->head + 8, 8, message->number);
    return OK_RESULT;
}
