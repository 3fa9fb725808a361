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
    size_t share_places, share_workers; /* of one share; 0: nobody counts */
    size_t working_count, working_capacity;
    uint64_t *working; /* shares of the letters that are being worked on */
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

static size_t half(size_t whole) {
    return whole > 1 ? whole / 2 : 1;
}

struct queue *queue_new_shared(size_t capacity, size_t workers) {
    struct queue *queue = queue_new(capacity, 1);
    queue->share_places = half(capacity);
    queue->share_workers = half(workers);
    queue->working_capacity = workers;
    queue->working = calloc(workers, sizeof *queue->working);
    if (queue->working == NULL) {
        abort();
    }
    return queue;
}

void queue_free(struct queue **queue) {
    if (*queue == NULL) {
        return;
    }
    free((*queue)->working);
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

static bool has_shares(const struct queue *queue, uint64_t share) {
    return queue->share_workers > 0 && share != 0;
}

/* A queue with shares is short: looking through it costs less than keeping a table would. */
static bool has_place(const struct queue *queue, const struct lane *lane, uint64_t share) {
    size_t own = 0;
    for (const struct letter *item = lane->first; item != NULL; item = item->next) {
        own += item->share == share ? 1 : 0;
    }
    return own < queue->share_places;
}

static bool may_work(const struct queue *queue, uint64_t share) {
    size_t own = 0;
    for (size_t i = 0; i < queue->working_count; i++) {
        own += queue->working[i] == share ? 1 : 0;
    }
    return own < queue->share_workers;
}

static struct letter *detach(struct lane *lane, struct letter *before) {
    struct letter **slot = before == NULL ? &lane->first : &before->next;
    struct letter *item = *slot;
    if (item == NULL) {
        return NULL;
    }
    *slot = item->next;
    lane->last = item == lane->last ? before : lane->last;
    lane->count--;
    item->next = NULL;
    return item;
}

/* The first whose share has not got its half of the workers. */
static struct letter *detach_fair(struct queue *queue, struct lane *lane) {
    struct letter *before = NULL;
    struct letter *item = lane->first;
    while (item != NULL && has_shares(queue, item->share) && !may_work(queue, item->share)) {
        before = item;
        item = item->next;
    }
    if (item != NULL && has_shares(queue, item->share)) {
        assert(queue->working_count < queue->working_capacity);
        queue->working[queue->working_count++] = item->share;
    }
    return detach(lane, before);
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
    const bool is_shared = lane == QUEUE_NORMAL && has_shares(queue, item->share);
    const bool is_in = !queue->is_closed &&
                       (!is_shared || has_place(queue, &queue->lanes[lane], item->share)) &&
                       append(&queue->lanes[lane], item);
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
    struct letter *item = detach(&queue->lanes[QUEUE_REVOCATION], NULL);
    return item != NULL || only_revocations ? item
                                            : detach_fair(queue, &queue->lanes[QUEUE_NORMAL]);
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

/* Nobody is woken: a place of one share can only free work of that share, one letter, and who calls
 * this looks for the next one at once. */
void queue_done(struct queue *queue, uint64_t share) {
    if (!has_shares(queue, share)) {
        return;
    }
    (void) pthread_mutex_lock(&queue->mutex);
    size_t at = 0;
    while (at < queue->working_count && queue->working[at] != share) {
        at++;
    }
    assert(at < queue->working_count);
    queue->working[at] = queue->working[--queue->working_count];
    (void) pthread_mutex_unlock(&queue->mutex);
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
