/* Hints inside one process: nothing is queued, the subscribers are called at once. */
#include "base/bus.h"

#include <pthread.h>
#include <stdlib.h>

enum { MOST_SUBSCRIBERS = 64 };

struct subscriber {
    void (*receive)(void *self, const struct bus_message *message);
    void *self;
};

struct process_bus {
    struct bus bus; /* first */
    pthread_rwlock_t lock;
    size_t count;
    struct subscriber subscribers[MOST_SUBSCRIBERS];
};

static struct process_bus *own(struct bus *bus) {
    return (struct process_bus *) (void *) bus;
}

/* Subscribers are never removed, so the list is copied and called without the lock: a receiver may
 * publish itself. */
static void process_publish(struct bus *base, const struct bus_message *message) {
    struct process_bus *bus = own(base);
    struct subscriber subscribers[MOST_SUBSCRIBERS];
    pthread_rwlock_rdlock(&bus->lock);
    const size_t count = bus->count;
    for (size_t i = 0; i < count; i++) {
        subscribers[i] = bus->subscribers[i];
    }
    pthread_rwlock_unlock(&bus->lock);
    for (size_t i = 0; i < count; i++) {
        subscribers[i].receive(subscribers[i].self, message);
    }
}

static void process_subscribe(struct bus *base,
                              void (*receive)(void *self, const struct bus_message *message),
                              void *self) {
    struct process_bus *bus = own(base);
    pthread_rwlock_wrlock(&bus->lock);
    if (bus->count == MOST_SUBSCRIBERS) {
        abort(); /* one per node: a bug */
    }
    bus->subscribers[bus->count++] = (struct subscriber){receive, self};
    pthread_rwlock_unlock(&bus->lock);
}

static bool process_is_alive(struct bus *base) {
    (void) base;
    return true;
}

struct bus *process_bus_new(void) {
    struct process_bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL || pthread_rwlock_init(&bus->lock, NULL) != 0) {
        abort();
    }
    bus->bus = (struct bus){process_publish, process_subscribe, process_is_alive, .is_local = true};
    return &bus->bus;
}

void process_bus_free(struct bus **bus) {
    if (*bus == NULL) {
        return;
    }
    pthread_rwlock_destroy(&own(*bus)->lock);
    free(own(*bus));
    *bus = NULL;
}
