#pragma once
/* A scope for tests: its own arena, a clock that moves only when told, randomness that is unique
 * and repeatable, and cmocka's headers in the order it wants. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "base/result.h"
#include "base/str.h"

struct fake_clock {
    struct clock clock; /* first: &fake->clock is the clock */
    int64_t now_us, boot_us;
};

struct counted_random {
    struct random random; /* first */
    uint64_t *counter;
    uint64_t count;
};

struct fixture {
    struct scope scope;
    struct env env;
    struct fake_clock time;
    struct counted_random random;
};

/* cmocka set-up and tear-down: *state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
void fake_clock_init(struct fake_clock *time);
void fake_clock_advance(struct fake_clock *time, int64_t us);

#define SENTENCE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

#define assert_ok(expression) assert_int_equal((expression).code, OK)
#define assert_failed(expression, scope_, code_, reason_)                                          \
    do {                                                                                           \
        assert_int_equal((expression).code, code_);                                                \
        assert_string_equal((scope_)->reason, reason_);                                            \
    } while (0)
#define assert_str(actual, expected)                                                               \
    do {                                                                                           \
        const struct str actual_ = (actual);                                                       \
        const struct str expected_ = str_from_c(expected);                                         \
        if (!str_eq(actual_, expected_)) {                                                         \
            fail_msg("got \"%.*s\", wanted \"%.*s\"", STR_ARG(actual_), STR_ARG(expected_));       \
        }                                                                                          \
    } while (0)
