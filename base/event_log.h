#pragma once
/* Ordered streams of events. The head row of a stream is bumped last in a transaction, so sequence
 * order is commit order (an identity column would lose rows that commit late). */

#include "base/db.h"

struct event {
    int64_t seq;
    struct str topic;
    struct str payload; /* JSON */
    int64_t created_us;
};

struct event_batch {
    size_t count;
    struct event *events;
};

extern const struct statement_list EVENT_LOG_STATEMENTS;
/* The statements behind event_head and event_read, for calls that do not block, and the decoding of
 * the rows of the latter. */
extern const struct statement EVENT_HEAD; /* $1 stream: seq */
extern const struct statement EVENT_READ; /* $1 stream, $2 after, $3 limit */
void event_decode(struct scope *scope, const struct rows *rows, struct event_batch *ret);

/* Makes the stream with head 0; CONFLICT when it exists. */
RESULT event_stream_create(struct scope *scope, struct tx *tx, struct str stream);
/* Call last but for the revocation row. */
RESULT event_append(struct scope *scope, struct tx *tx, struct str stream, struct str topic,
                    struct str payload, int64_t *ret_seq);
/* The two halves, for a guard between them (revocation.md rule 4): bump, then insert under a
 * condition in a statement of the caller's own. */
RESULT event_head_bump(struct scope *scope, struct tx *tx, struct str stream, int64_t *ret_seq);
/* The same sent without waiting (tx_send), and its outcome behind the next tx_run or tx_settle. */
RESULT event_head_bump_send(struct scope *scope, struct tx *tx, struct str stream,
                            const struct rows **ret);
RESULT event_head_bumped(struct scope *scope, const struct rows *rows, int64_t *ret_seq);
RESULT event_insert(struct scope *scope, struct tx *tx, struct str stream, int64_t seq,
                    struct str topic, struct str payload);
RESULT event_head(struct scope *scope, struct db *db, struct str stream, int64_t *ret_seq);
/* Up to `limit` (at most 500) events behind `after`, in order. */
RESULT event_read(struct scope *scope, struct db *db, struct str stream, int64_t after,
                  int64_t limit, struct event_batch *ret);
