#pragma once
/* The rows behind event_log.h. */

#include "base/event_log.h"

RESULT event_store_create(struct scope *scope, struct tx *tx, struct str stream);
/* NOT_FOUND "event.stream". */
RESULT event_store_bump(struct scope *scope, struct tx *tx, struct str stream, int64_t *ret_seq);
RESULT event_store_send_bump(struct scope *scope, struct tx *tx, struct str stream,
                             const struct rows **ret);
RESULT event_store_bumped(struct scope *scope, const struct rows *rows, int64_t *ret_seq);
RESULT event_store_insert(struct scope *scope, struct tx *tx, struct str stream,
                          const struct event *event);
RESULT event_store_head(struct scope *scope, struct db *db, struct str stream, int64_t *ret_seq);
RESULT event_store_read(struct scope *scope, struct db *db, struct str stream, int64_t after,
                        int64_t limit, struct rows *ret);
