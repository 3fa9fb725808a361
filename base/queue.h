#pragma once
/* A bounded queue with two lanes for worker pools: full is decided at once, and the revocation lane
 * has slots (and workers) of its own, so that a revocation never waits behind other work. */

#include <stdbool.h>
#include <stddef.h>

#include "base/mailbox.h"

enum queue_lane { QUEUE_NORMAL, QUEUE_REVOCATION, QUEUE_LANES };

struct queue;

struct queue *queue_new(size_t normal_capacity, size_t revocation_capacity);
/* After the last worker has left queue_pop. Items left inside are the caller's: pop them before. */
void queue_free(struct queue **queue);
/* False: full or closed. */
bool queue_push(struct queue *queue, enum queue_lane lane, struct letter *item);
/* Blocks until there is an item or the queue is closed and empty (NULL). Revocations first; a
 * worker with `only_revocations` takes nothing else. */
struct letter *queue_pop(struct queue *queue, bool only_revocations);
/* The same without waiting: for worlds without threads. NULL: empty. */
struct letter *queue_try_pop(struct queue *queue);
/* What is inside is still handed out; nothing comes in any more. */
void queue_close(struct queue *queue);
size_t queue_depth(struct queue *queue, enum queue_lane lane);
