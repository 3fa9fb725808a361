#include "base/clock.h"

#include <assert.h>

static int64_t read_clock(clockid_t id) {
    struct timespec at;
    const int failed = clock_gettime(id, &at);
    assert(!failed);
    return (int64_t) at.tv_sec * US_PER_S + at.tv_nsec / 1000;
}

static int64_t system_now_us(const struct clock *clock) {
    (void) clock;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_boot_us(const struct clock *clock) {
    (void) clock;
    return read_clock(CLOCK_BOOTTIME);
}

const struct clock *system_clock(void) {
    static const struct clock SYSTEM = {system_now_us, system_boot_us};
    return &SYSTEM;
}

int64_t clock_monotonic_us(void) {
    return read_clock(CLOCK_MONOTONIC);
}

struct timespec clock_timespec(int64_t us) {
    return (struct timespec){.tv_sec = us / US_PER_S, .tv_nsec = us % US_PER_S * 1000};
}
