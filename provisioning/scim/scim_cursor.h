#pragma once
/* Cursors (RFC 9865): where a list goes on, sealed, so that a client can neither read nor make one.
 * A cursor opens for the token that got it, for the question it was given for, for an hour. */

#include "base/secret.h"
#include "provisioning/scim/scim_record.h"
#include "provisioning/scim/scim_sort.h"

enum { SCIM_CURSOR_TIMEOUT_S = 3600, SCIM_CURSOR_MAX_BYTES = 4096 };

/* Behind which resource. */
struct scim_position {
    size_t part;                /* of the list: which resource type */
    struct scim_sort_key value; /* of sorted lists */
    struct str key;
};

struct scim_cursor {
    struct scim_position behind;
    int64_t count; /* of the first request */
    int64_t total; /* -1: unknown */
};

/* `question`: everything that has to be the same in each request. *ret is made of letters, digits,
 * "-" and "_" (RFC 9865 section 2). */
RESULT scim_cursor_write(struct scope *scope, struct secret seal_key,
                         const struct scim_source *source, struct str question,
                         const struct scim_cursor *cursor, struct str *ret);
/* INVALID "scim.cursor_expired"; "scim.cursor" for everything else: somebody else's cursor cannot
 * be told from an invented one. */
RESULT scim_cursor_read(struct scope *scope, struct secret seal_key,
                        const struct scim_source *source, struct str question, struct str text,
                        struct scim_cursor *ret);
