#pragma once
/* What a WebSocket stream says, boiled down to numbers that two readings of it can be compared by.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/ws.h"

struct ws_record {
    enum ws_fed outcome;
    uint16_t code; /* of our error or of the peer's close */
    size_t texts, bytes, closes;
    uint64_t hash; /* FNV-1a of the texts */
    bool is_pending;
};

static inline void ws_record_text(void *self, struct str text) {
    struct ws_record *record = self;
    record->texts++;
    record->bytes += text.len;
    for (size_t i = 0; i < text.len; i++) {
        record->hash = (record->hash ^ (unsigned char) text.at[i]) * UINT64_C(1099511628211);
    }
}

static inline void ws_record_control(void *self, struct ws_frame *frame) {
    (void) self;
    ws_frame_unref(&frame);
}

static inline void ws_record_pong(void *self) {
    (void) self;
}

static inline void ws_record_close(void *self, uint16_t code) {
    struct ws_record *record = self;
    record->closes++;
    record->code = code;
}

/* Feeds the bytes in pieces of `step` until the end, a close or an error. */
static inline struct ws_record ws_record_of(struct ws_pool *pool, const uint8_t *bytes, size_t len,
                                            size_t step) {
    struct ws_record record = {.outcome = WS_FED_OK};
    const struct ws_handler handler = {&record, ws_record_text, ws_record_control, ws_record_pong,
                                       ws_record_close};
    struct ws_in *in = NULL;
    for (size_t at = 0; at < len && record.outcome == WS_FED_OK; at += step) {
        const size_t piece = len - at < step ? len - at : step;
        record.outcome = ws_feed(pool, &in, bytes + at, piece, &handler, &record.code);
    }
    record.is_pending = in != NULL;
    ws_in_drop(pool, &in);
    return record;
}
