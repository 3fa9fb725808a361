#pragma once
/* A bounded queue with two lanes for worker pools: full is decided at once, and the revocation lane
 * has slots (and workers) of its own, so that a revocation never waits behind other work. */

#include <stdbool.h>
#include <stddef.h>

#include "base/mailbox.h"

enum queue_lane { QUEUE_NORMAL, QUEUE_REVOCATION, QUEUE_LANES };

struct queue;

struct queue *queue_new(size_t normal_capacity, size_t revocation_capacity);
/* Shares of the normal lane: letters of one share get at most half of the places and half of the
 * `workers`; what is over that waits for its own, and others overtake it. Workers of such a queue
 * call queue_done behind each letter. */
struct queue *queue_new_shared(size_t capacity, size_t workers);
/* After the last worker has left queue_pop. Items left inside are the caller's: pop them before. */
void queue_free(struct queue **queue);
/* False: full (for the letter's share) or closed. */
bool queue_push(struct queue *queue, enum queue_lane lane, struct letter *item);
/* Blocks until there is an item or the queue is closed and empty (NULL). Revocations first; a
 * worker with `only_revocations` takes nothing else. */
struct letter *queue_pop(struct queue *queue, bool only_revocations);
/* The same without waiting: for worlds without threads. NULL: empty. */
struct letter *queue_try_pop(struct queue *queue);
/* The work of a letter that was taken is over; `share` is what the letter had: it may be gone. */
void queue_done(struct queue *queue, uint64_t share);
/* What is inside is still handed out; nothing comes in any more. */
void queue_close(struct queue *queue);
size_t queue_depth(struct queue *queue, enum queue_lane lane);
