#include "gateway/rate.h"
#include "tests/support/fixture.h"

static int taken(struct rate_table *table, const char *address, unsigned per_minute, int64_t now,
                 int most) {
    int count = 0;
    int64_t wait_s = 0;
    while (count < most && rate_take(table, 'a', str_from_c(address), per_minute, now, &wait_s)) {
        count++;
    }
    return count;
}

static void a_burst_is_a_quarter_of_the_minute(void **state) {
    (void) state;
    struct rate_table *table = rate_table_new();
    assert_int_equal(taken(table, "10.0.0.1", 60, 1000, 1000), 15);
    assert_int_equal(taken(table, "10.0.0.2", 60, 1000, 1000), 15);
    rate_table_free(&table);
}

static void what_was_spent_comes_back_evenly(void **state) {
    (void) state;
    struct rate_table *table = rate_table_new();
    int64_t wait_s = 0;
    (void) taken(table, "10.0.0.1", 60, 0, 1000);
    assert_false(rate_take(table, 'a', STR("10.0.0.1"), 60, 0, &wait_s));
    assert_int_equal(wait_s, 1);
    assert_int_equal(taken(table, "10.0.0.1", 60, S_TO_US(3), 1000), 3);
    assert_int_equal(taken(table, "10.0.0.1", 60, S_TO_US(600), 1000), 15);
    rate_table_free(&table);
}

static void a_rare_limit_still_lets_one_through(void **state) {
    (void) state;
    struct rate_table *table = rate_table_new();
    assert_int_equal(taken(table, "10.0.0.1", 1, 0, 1000), 1);
    assert_int_equal(taken(table, "10.0.0.1", 1, S_TO_US(59), 1000), 0);
    assert_int_equal(taken(table, "10.0.0.1", 1, S_TO_US(60), 1000), 1);
    rate_table_free(&table);
}

static void zero_is_no_limit(void **state) {
    (void) state;
    struct rate_table *table = rate_table_new();
    assert_int_equal(taken(table, "10.0.0.1", 0, 0, 1000), 1000);
    rate_table_free(&table);
}

static void limits_are_apart(void **state) {
    (void) state;
    struct rate_table *table = rate_table_new();
    int64_t wait_s = 0;
    (void) taken(table, "10.0.0.1", 60, 0, 1000);
    assert_true(rate_take(table, 'b', STR("10.0.0.1"), 60, 0, &wait_s));
    rate_table_free(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_burst_is_a_quarter_of_the_minute),
        SENTENCE(what_was_spent_comes_back_evenly),
        SENTENCE(a_rare_limit_still_lets_one_through),
        SENTENCE(zero_is_no_limit),
        SENTENCE(limits_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
