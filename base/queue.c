#include "base/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct lane {
    struct letter *first, *last;
    size_t count, capacity;
};

/* Workers of one kind. Each signal is meant for one that waits and was not called yet, so that an
 * item wakes one worker and not one of each kind. */
struct crew {
    pthread_cond_t woken;
    size_t waiting, called;
};

struct queue { /* any thread */
    pthread_mutex_t mutex;
    struct crew any;        /* take everything */
    struct crew revocation; /* take revocations only */
    struct lane lanes[QUEUE_LANES];
    bool is_closed;
};

struct queue *queue_new(size_t normal_capacity, size_t revocation_capacity) {
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL) {
        abort();
    }
    const int failed = pthread_mutex_init(&queue->mutex, NULL) |
                       pthread_cond_init(&queue->any.woken, NULL) |
                       pthread_cond_init(&queue->revocation.woken, NULL);
    assert(!failed);
    queue->lanes[QUEUE_NORMAL].capacity = normal_capacity;
    queue->lanes[QUEUE_REVOCATION].capacity = revocation_capacity;
    return queue;
}

void queue_free(struct queue **queue) {
    if (*queue == NULL) {
        return;
    }
    (void) pthread_cond_destroy(&(*queue)->any.woken);
    (void) pthread_cond_destroy(&(*queue)->revocation.woken);
    (void) pthread_mutex_destroy(&(*queue)->mutex);
    free(*queue);
    *queue = NULL;
}

static bool append(struct lane *lane, struct letter *item) {
    if (lane->count >= lane->capacity) {
        return false;
    }
    item->next = NULL;
    if (lane->first == NULL) {
        lane->first = item;
    } else {
        lane->last->next = item;
    }
    lane->last = item;
    lane->count++;
    return true;
}

static struct letter *detach(struct lane *lane) {
    struct letter *item = lane->first;
    if (item != NULL) {
        lane->first = item->next;
        lane->count--;
        item->next = NULL;
    }
    return item;
}

static bool has_idle(const struct crew *crew) {
    return crew->waiting > crew->called;
}

/* With the mutex held: who is to be woken for an item of this lane; NULL: everybody who could take
 * it is at work or on the way already, and looks into the queue before waiting again. */
static struct crew *call_one(struct queue *queue, enum queue_lane lane) {
    struct crew *crew = &queue->any;
    if (lane == QUEUE_REVOCATION && has_idle(&queue->revocation)) {
        crew = &queue->revocation;
    }
    if (!has_idle(crew)) {
        return NULL;
    }
    crew->called++;
    return crew;
}

bool queue_push(struct queue *queue, enum queue_lane lane, struct letter *item) {
    assert(lane < QUEUE_LANES);
    (void) pthread_mutex_lock(&queue->mutex);
    const bool is_in = !queue->is_closed && append(&queue->lanes[lane], item);
    struct crew *crew = is_in ? call_one(queue, lane) : NULL;
    (void) pthread_mutex_unlock(&queue->mutex);
    if (crew != NULL) { /* not with the mutex held, or it wakes only to wait for that */
        (void) pthread_cond_signal(&crew->woken);
    }
    return is_in;
}

static void wait_for_call(struct queue *queue, struct crew *crew) {
    crew->waiting++;
    (void) pthread_cond_wait(&crew->woken, &queue->mutex);
    crew->waiting--;
    if (crew->called > 0) { /* 0: woken without a call, or at the close */
        crew->called--;
    }
}

static struct letter *next_item(struct queue *queue, bool only_revocations) {
    struct letter *item = detach(&queue->lanes[QUEUE_REVOCATION]);
    return item != NULL || only_revocations ? item : detach(&queue->lanes[QUEUE_NORMAL]);
}

struct letter *queue_pop(struct queue *queue, bool only_revocations) {
    (void) pthread_mutex_lock(&queue->mutex);
    struct letter *item = next_item(queue, only_revocations);
    while (item == NULL && !queue->is_closed) {
        wait_for_call(queue, only_revocations ? &queue->revocation : &queue->any);
        item = next_item(queue, only_revocations);
    }
    (void) pthread_mutex_unlock(&queue->mutex);
    return item;
}

struct letter *queue_try_pop(struct queue *queue) {
    (void) pthread_mutex_lock(&queue->mutex);
    struct letter *item = next_item(queue, false);
    (void) pthread_mutex_unlock(&queue->mutex);
    return item;
}

void queue_close(struct queue *queue) {
    (void) pthread_mutex_lock(&queue->mutex);
    queue->is_closed = true;
    (void) pthread_cond_broadcast(&queue->any.woken);
    (void) pthread_cond_broadcast(&queue->revocation.woken);
    (void) pthread_mutex_unlock(&queue->mutex);
}

size_t queue_depth(struct queue *queue, enum queue_lane lane) {
    assert(lane < QUEUE_LANES);
    (void) pthread_mutex_lock(&queue->mutex);
    const size_t count = queue->lanes[lane].count;
    (void) pthread_mutex_unlock(&queue->mutex);
    return count;
}
