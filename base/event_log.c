#include "base/event_log.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/event_store.h"

enum { LARGEST_BATCH = 500 };

result event_stream_create(struct scope *scope, struct tx *tx, struct str stream) {
    return event_store_create(scope, tx, stream);
}

result event_head_bump(struct scope *scope, struct tx *tx, struct str stream, int64_t *ret_seq) {
    return event_store_bump(scope, tx, stream, ret_seq);
}

result event_head_bump_send(struct scope *scope, struct tx *tx, struct str stream,
                            const struct rows **ret) {
    return event_store_send_bump(scope, tx, stream, ret);
}

result event_head_bumped(struct scope *scope, const struct rows *rows, int64_t *ret_seq) {
    return event_store_bumped(scope, rows, ret_seq);
}

result event_insert(struct scope *scope, struct tx *tx, struct str stream, int64_t seq,
                    struct str topic, struct str payload) {
    const struct event event = {seq, topic, payload, clock_now_us(scope->env->clock)};
    return event_store_insert(scope, tx, stream, &event);
}

result event_append(struct scope *scope, struct tx *tx, struct str stream, struct str topic,
                    struct str payload, int64_t *ret_seq) {
    int64_t seq = 0;
    TRY(event_head_bump(scope, tx, stream, &seq));
    TRY(event_insert(scope, tx, stream, seq, topic, payload));
    *ret_seq = seq;
    return OK_RESULT;
}

result event_head(struct scope *scope, struct db *db, struct str stream, int64_t *ret_seq) {
    return event_store_head(scope, db, stream, ret_seq);
}

void event_decode(struct scope *scope, const struct rows *rows, struct event_batch *ret) {
    struct event *events = NEW_ARRAY(scope->arena, rows->count, struct event);
    for (size_t i = 0; i < rows->count; i++) {
        events[i] = (struct event){.seq = rows_number(rows, i, 0),
                                   .topic = rows_text(rows, i, 1),
                                   .payload = rows_text(rows, i, 2),
                                   .created_us = rows_number(rows, i, 3)};
    }
    *ret = (struct event_batch){rows->count, events};
}

result event_read(struct scope *scope, struct db *db, struct str stream, int64_t after,
                  int64_t limit, struct event_batch *ret) {
    const int64_t bounded = limit > LARGEST_BATCH ? LARGEST_BATCH : limit;
    struct rows rows;
    TRY(event_store_read(scope, db, stream, after, bounded < 0 ? 0 : bounded, &rows));
    event_decode(scope, &rows, ret);
    return OK_RESULT;
}
