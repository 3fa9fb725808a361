#include "tests/support/fixture.h"

#include <stdlib.h>
#include <string.h>

static int64_t fake_now(const struct clock *clock) {
    return ((const struct fake_clock *) (const void *) clock)->now_us;
}

static int64_t fake_boot(const struct clock *clock) {
    return ((const struct fake_clock *) (const void *) clock)->boot_us;
}

void fake_clock_init(struct fake_clock *time) {
    /* 2026-01-02 03:04:05 UTC */
    *time = (struct fake_clock){{fake_now, fake_boot}, INT64_C(1767323045000000), S_TO_US(1000)};
}

void fake_clock_advance(struct fake_clock *time, int64_t us) {
    time->now_us += us;
    time->boot_us += us;
}

/* splitmix64 of a counter: every call differs, every run repeats. */
static void counted_bytes(const struct random *random, void *ret, size_t len) {
    uint64_t *counter = ((const struct counted_random *) (const void *) random)->counter;
    unsigned char *at = ret;
    for (size_t i = 0; i < len; i++) {
        uint64_t mixed = (*counter += UINT64_C(0x9e3779b97f4a7c15));
        mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
        at[i] = (unsigned char) (mixed >> 56);
    }
}

void fixture_open(struct fixture *fixture) {
    memset(fixture, 0, sizeof *fixture);
    fake_clock_init(&fixture->time);
    fixture->random.random.bytes = counted_bytes;
    fixture->random.counter = &fixture->random.count;
    fixture->env.clock = &fixture->time.clock;
    fixture->env.random = &fixture->random.random;
    fixture->scope.arena = arena_new();
    fixture->scope.env = &fixture->env;
}

void fixture_close(struct fixture *fixture) {
    arena_end(&fixture->scope.arena);
}

int fixture_setup(void **state) {
    struct fixture *fixture = malloc(sizeof *fixture);
    if (fixture == NULL) {
        return -1;
    }
    fixture_open(fixture);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state) {
    fixture_close(*state);
    free(*state);
    return 0;
}
