#pragma once
/* Time in microseconds. Wall time is for people and tokens; only `boot_us` (CLOCK_BOOTTIME, goes on
 * while the machine sleeps) decides deadlines and leases. */

#include <stdint.h>
#include <time.h>

struct clock {
    int64_t (*now_us)(const struct clock *clock);  /* since 1970-01-01 UTC */
    int64_t (*boot_us)(const struct clock *clock); /* never goes back */
};

const struct clock *system_clock(void);

static inline int64_t clock_now_us(const struct clock *clock) {
    return clock->now_us(clock);
}

static inline int64_t clock_boot_us(const struct clock *clock) {
    return clock->boot_us(clock);
}

/* For waits inside the process, whatever clock the unit of work uses: pthread_cond_clockwait with
 * CLOCK_MONOTONIC takes no other. */
int64_t clock_monotonic_us(void);
struct timespec clock_timespec(int64_t us);

enum { US_PER_MS = 1000, US_PER_S = 1000000 };
#define MS_TO_US(ms) ((int64_t) (ms) *1000)
#define S_TO_US(s)   ((int64_t) (s) *1000000)
