#pragma once
/* The frames between the server and a child of the jail. Both sides take the other's bytes as
 * hostile: a frame is well-formed, with fields of a table, each at most once and within its limit,
 * or it is refused as a whole. Numbers are little endian:
 *
 *     u32 length of what follows   u16 version   u16 kind   u64 number
 *     then for each field          u16 tag       u32 length   bytes */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum {
    JAIL_FRAME_VERSION = 1,
    JAIL_HEADER_BYTES = 16, /* with the length */
    JAIL_FIELD_BYTES = 6,   /* before the bytes of a field */
    JAIL_TAGS_MAX = 32      /* tags are 0 to 31 */
};

/* Kinds that every jail knows; those of a role begin at JAIL_KIND_FIRST. */
enum {
    JAIL_PING,     /* server: answered empty, the handler is not asked */
    JAIL_ANSWER,   /* child: the end of the call */
    JAIL_QUESTION, /* child: once in a call, before its answer */
    JAIL_REPLY,    /* server: to the question */
    JAIL_TIME_UP,  /* child: the call has used up its processor time */
    JAIL_KIND_FIRST = 16
};

/* What frames of one direction may hold: limits[tag], 0 for tags that do not exist. */
struct jail_limits {
    uint32_t frame; /* of all behind the length */
    uint32_t tags[JAIL_TAGS_MAX];
};

struct jail_header {
    uint32_t length; /* of what follows the 16 bytes */
    uint16_t kind;
    uint64_t number;
};

/* Read: has[tag] says whether the field was there; values are slices of the frame. Written: the
 * fields that are set, in the order of their tags. */
struct jail_message {
    uint16_t kind;
    uint64_t number;
    bool has[JAIL_TAGS_MAX];
    struct str values[JAIL_TAGS_MAX];
};

void jail_message_set(struct jail_message *message, unsigned tag, struct str value);

/* INVALID "jail.frame" for all of these: a wrong version, a length over the limit. */
RESULT jail_header_read(struct scope *scope, const unsigned char bytes[JAIL_HEADER_BYTES],
                        const struct jail_limits *limits, struct jail_header *ret);
/* `body` is what follows the header, whole. */
RESULT jail_body_read(struct scope *scope, const struct jail_header *header, struct str body,
                      const struct jail_limits *limits, struct jail_message *ret);

/* The frame as pieces for one writev: the first is `head`, the values are not copied. INVALID
 * "jail.frame": a field that the table does not have, or over a limit. */
enum { JAIL_PIECES_MAX = 2 * JAIL_TAGS_MAX + 1 };
struct jail_pieces {
    unsigned char head[JAIL_HEADER_BYTES];
    unsigned char fields[JAIL_TAGS_MAX][JAIL_FIELD_BYTES];
    size_t count;
    struct str pieces[JAIL_PIECES_MAX]; /* point into this very struct: it is not copied */
};
RESULT jail_frame_write(struct scope *scope, const struct jail_message *message,
                        const struct jail_limits *limits, struct jail_pieces *ret);
