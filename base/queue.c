#include "base/queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct lane {
    struct letter *first, *last;
    size_t count, capacity;
};

struct queue { /* any thread */
    pthread_mutex_t mutex;
    pthread_cond_t any;        /* for workers that take everything */
    pthread_cond_t revocation; /* for those that take revocations only */
    struct lane lanes[QUEUE_LANES];
    bool is_closed;
};

struct queue *queue_new(size_t normal_capacity, size_t revocation_capacity) {
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL) {
        abort();
    }
    const int failed = pthread_mutex_init(&queue->mutex, NULL) |
                       pthread_cond_init(&queue->any, NULL) |
                       pthread_cond_init(&queue->revocation, NULL);
    assert(!failed);
    queue->lanes[QUEUE_NORMAL].capacity = normal_capacity;
    queue->lanes[QUEUE_REVOCATION].capacity = revocation_capacity;
    return queue;
}

void queue_free(struct queue **queue) {
    if (*queue == NULL) {
        return;
    }
    (void) pthread_cond_destroy(&(*queue)->any);
    (void) pthread_cond_destroy(&(*queue)->revocation);
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

bool queue_push(struct queue *queue, enum queue_lane lane, struct letter *item) {
    assert(lane < QUEUE_LANES);
    (void) pthread_mutex_lock(&queue->mutex);
    const bool is_in = !queue->is_closed && append(&queue->lanes[lane], item);
    if (is_in) {
        (void) pthread_cond_signal(&queue->any);
    }
    /* both: a worker of the one kind may be busy, whichever was signalled */
    if (is_in && lane == QUEUE_REVOCATION) {
        (void) pthread_cond_signal(&queue->revocation);
    }
    (void) pthread_mutex_unlock(&queue->mutex);
    return is_in;
}

static struct letter *next_item(struct queue *queue, bool only_revocations) {
    struct letter *item = detach(&queue->lanes[QUEUE_REVOCATION]);
    return item != NULL || only_revocations ? item : detach(&queue->lanes[QUEUE_NORMAL]);
}

struct letter *queue_pop(struct queue *queue, bool only_revocations) {
    (void) pthread_mutex_lock(&queue->mutex);
    struct letter *item = next_item(queue, only_revocations);
    while (item == NULL && !queue->is_closed) {
        (void) pthread_cond_wait(only_revocations ? &queue->revocation : &queue->any,
                                 &queue->mutex);
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
    (void) pthread_cond_broadcast(&queue->any);
    (void) pthread_cond_broadcast(&queue->revocation);
    (void) pthread_mutex_unlock(&queue->mutex);
}

size_t queue_depth(struct queue *queue, enum queue_lane lane) {
    assert(lane < QUEUE_LANES);
    (void) pthread_mutex_lock(&queue->mutex);
    const size_t count = queue->lanes[lane].count;
    (void) pthread_mutex_unlock(&queue->mutex);
    return count;
}
