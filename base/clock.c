#include "base/clock.h"

#include <assert.h>
#include <time.h>

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
