#include "base/jail_pool.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static bool has_share(const struct place *place, struct str share) {
    return str_eq((struct str){place->share, place->share_len}, share);
}

static bool may_take(const struct pool *pool, struct str share) {
    size_t taken = 0;
    for (size_t i = 0; i < pool->count; i++) {
        const struct place *place = &pool->places[i];
        taken += place->state == PLACE_BUSY && has_share(place, share) ? 1 : 0;
    }
    return taken == 0 || taken < pool->children / 2;
}

static struct place *find(struct pool *pool, enum place_state state) {
    for (size_t i = 0; i < pool->count; i++) {
        if (pool->places[i].state == state) {
            return &pool->places[i];
        }
    }
    return NULL;
}

static struct place *occupy(struct pool *pool, struct str share) {
    struct place *place = may_take(pool, share) ? find(pool, PLACE_IDLE) : NULL;
    if (place != NULL) {
        place->state = PLACE_BUSY;
        place->share_len = share.len;
        memcpy(place->share, share.at, share.len);
    }
    return place;
}

/* Hands what is free to those who wait, first come first served among those whose share is not used
 * up. */
static void hand_out(struct pool *pool) {
    struct waiter **at = &pool->first;
    while (*at != NULL) {
        struct waiter *waiter = *at;
        waiter->given = occupy(pool, waiter->share);
        if (waiter->given == NULL) {
            at = &waiter->next;
            continue;
        }
        *at = waiter->next;
        (void) pthread_cond_signal(&waiter->wake);
    }
}

/* One share may also fill only half of the queue. */
static bool may_wait(const struct pool *pool, struct str share) {
    size_t all = 0;
    size_t own = 0;
    for (const struct waiter *waiter = pool->first; waiter != NULL; waiter = waiter->next) {
        all++;
        own += str_eq(waiter->share, share) ? 1 : 0;
    }
    return all < pool->max_waiting && (own == 0 || own < pool->max_waiting / 2);
}

static void append(struct pool *pool, struct waiter *waiter) {
    struct waiter **at = &pool->first;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = waiter;
}

static void leave(struct pool *pool, const struct waiter *gone) {
    for (struct waiter **at = &pool->first; *at != NULL; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            return;
        }
    }
}

static struct place *wait_for_place(struct jail *jail, struct pool *pool, struct str share,
                                    int64_t until_us) {
    struct waiter self = {.share = share};
    const struct timespec until = clock_timespec(until_us);
    (void) pthread_cond_init(&self.wake, NULL);
    append(pool, &self);
    int waited = 0;
    while (self.given == NULL && waited == 0) {
        waited = pthread_cond_clockwait(&self.wake, &jail->lock, CLOCK_MONOTONIC, &until);
    }
    if (self.given == NULL) {
        leave(pool, &self);
    }
    (void) pthread_cond_destroy(&self.wake);
    return self.given;
}

static struct place *take_one(struct jail *jail, struct pool *pool, struct str share,
                              int64_t until_us) {
    (void) pthread_mutex_lock(&jail->lock);
    struct place *place = occupy(pool, share);
    if (place == NULL && may_wait(pool, share)) {
        place = wait_for_place(jail, pool, share, until_us);
    }
    (void) pthread_mutex_unlock(&jail->lock);
    return place;
}

void jail_count_death(struct jail *jail, const struct pool *pool, enum jail_outcome cause) {
    if (jail->settings.on_death != NULL) {
        jail->settings.on_death(jail->settings.context, (size_t) (pool - jail->pools), cause);
    }
}

/* A child that speaks before it is spoken to, or is gone, gets no message. */
struct place *jail_pool_take(struct jail *jail, struct pool *pool, struct str share) {
    const struct str name = str_first(share, JAIL_SHARE_MAX);
    const int64_t until_us = clock_monotonic_us() + jail->settings.queue_us;
    struct place *place = take_one(jail, pool, name, until_us);
    while (place != NULL && jail_line_is_disturbed(place->fd)) {
        char byte;
        const bool is_gone = recv(place->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
        jail_pool_release(jail, pool, place, is_gone ? JAIL_CRASHED : JAIL_BROKE_PROTOCOL);
        place = take_one(jail, pool, name, until_us);
    }
    return place;
}

/* Under the lock, so that the line is not closed meanwhile. A keeper that does not read its orders
 * is one that does not make children either: nothing is lost with the order. */
static void dismiss(const struct pool *pool, const struct place *place) {
    const struct jail_order order = {.number = place->number};
    if (pool->line >= 0 && place->generation == pool->generation) {
        (void) send(pool->line, &order, sizeof order, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

static void empty(struct place *place) {
    (void) close(place->fd);
    *place = (struct place){.state = PLACE_EMPTY, .fd = -1};
}

void jail_pool_release(struct jail *jail, struct pool *pool, struct place *place,
                       enum jail_outcome outcome) {
    (void) pthread_mutex_lock(&jail->lock);
    const bool is_used_up = place->served >= jail->settings.messages;
    const bool is_old = place->generation != pool->generation || pool->line < 0;
    if (outcome == JAIL_ANSWERED && !is_used_up && !is_old) {
        place->state = PLACE_IDLE;
    } else {
        dismiss(pool, place);
        empty(place);
    }
    hand_out(pool);
    (void) pthread_mutex_unlock(&jail->lock);
    if (outcome != JAIL_ANSWERED) {
        jail_count_death(jail, pool, outcome);
    }
}

void jail_pool_add(struct jail *jail, struct pool *pool, uint32_t number, int fd) {
    (void) pthread_mutex_lock(&jail->lock);
    struct place *place = find(pool, PLACE_EMPTY);
    if (place == NULL) {
        const struct place unknown = {.number = number, .generation = pool->generation};
        dismiss(pool, &unknown);
        (void) close(fd);
    } else {
        *place = (struct place){
            .state = PLACE_IDLE, .fd = fd, .number = number, .generation = pool->generation};
        hand_out(pool);
    }
    (void) pthread_mutex_unlock(&jail->lock);
}

bool jail_pool_remove(struct jail *jail, struct pool *pool, uint32_t number) {
    bool was_idle = false;
    (void) pthread_mutex_lock(&jail->lock);
    for (size_t i = 0; i < pool->count; i++) {
        struct place *place = &pool->places[i];
        if (place->state == PLACE_IDLE && place->number == number &&
            place->generation == pool->generation) {
            empty(place);
            was_idle = true;
        }
    }
    (void) pthread_mutex_unlock(&jail->lock);
    return was_idle;
}

void jail_pool_clear(struct jail *jail, struct pool *pool) {
    (void) pthread_mutex_lock(&jail->lock);
    for (size_t i = 0; i < pool->count; i++) {
        if (pool->places[i].state == PLACE_IDLE) {
            empty(&pool->places[i]);
        }
    }
    (void) close(pool->line);
    pool->line = -1;
    pool->generation++;
    (void) pthread_mutex_unlock(&jail->lock);
}
