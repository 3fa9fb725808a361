#include "gateway/dead_man.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "gateway/shard.h"

struct dead_man {
    pthread_mutex_t mutex;
    timer_t timer;
    int64_t hard_us;
    int64_t leases[SHARD_MAX]; /* 0: fenced */
};

result dead_man_new(struct scope *scope, int64_t hard_us, struct dead_man **ret) {
    struct dead_man *dead_man = calloc(1, sizeof *dead_man);
    if (dead_man == NULL) {
        abort();
    }
    dead_man->hard_us = hard_us;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    if (timer_create(CLOCK_BOOTTIME, &event, &dead_man->timer) != 0) {
        free(dead_man);
        return FAIL(scope, UNAVAILABLE, "dead_man.timer");
    }
    (void) pthread_mutex_init(&dead_man->mutex, NULL);
    *ret = dead_man;
    return OK_RESULT;
}

void dead_man_free(struct dead_man **dead_man) {
    if (*dead_man == NULL) {
        return;
    }
    (void) timer_delete((*dead_man)->timer);
    (void) pthread_mutex_destroy(&(*dead_man)->mutex);
    free(*dead_man);
    *dead_man = NULL;
}

/* With the mutex held. A deadline in the past strikes at once, as it should. */
static void set_timer(struct dead_man *dead_man) {
    int64_t oldest = 0;
    for (unsigned i = 0; i < SHARD_MAX; i++) {
        const int64_t lease = dead_man->leases[i];
        if (lease != 0 && (oldest == 0 || lease < oldest)) {
            oldest = lease;
        }
    }
    struct itimerspec when = {{0, 0}, {0, 0}};
    if (oldest != 0) {
        const int64_t at_us = oldest + dead_man->hard_us;
        when.it_value.tv_sec = at_us / US_PER_S;
        when.it_value.tv_nsec = (at_us % US_PER_S) * 1000;
    }
    if (timer_settime(dead_man->timer, TIMER_ABSTIME, &when, NULL) != 0) {
        abort(); /* without it the process could outlive its promise */
    }
}

void dead_man_arm(struct dead_man *dead_man, unsigned shard_number, int64_t lease_us) {
    (void) pthread_mutex_lock(&dead_man->mutex);
    if (dead_man->leases[shard_number] == 0) {
        dead_man->leases[shard_number] = lease_us;
        set_timer(dead_man);
    }
    (void) pthread_mutex_unlock(&dead_man->mutex);
}

void dead_man_move(struct dead_man *dead_man, int64_t lease_us) {
    (void) pthread_mutex_lock(&dead_man->mutex);
    for (unsigned i = 0; i < SHARD_MAX; i++) {
        if (dead_man->leases[i] != 0 && dead_man->leases[i] < lease_us) {
            dead_man->leases[i] = lease_us;
        }
    }
    set_timer(dead_man);
    (void) pthread_mutex_unlock(&dead_man->mutex);
}

void dead_man_disarm(struct dead_man *dead_man, unsigned shard_number) {
    (void) pthread_mutex_lock(&dead_man->mutex);
    dead_man->leases[shard_number] = 0;
    set_timer(dead_man);
    (void) pthread_mutex_unlock(&dead_man->mutex);
}
