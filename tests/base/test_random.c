#include <string.h>

#include "tests/support/fixture.h"

static void an_id_is_a_uuid_v7_that_sorts_by_time(void **state) {
    struct fixture *f = *state;
    const struct str first = uuid_v7(&f->scope);
    fake_clock_advance(&f->time, MS_TO_US(1));
    const struct str second = uuid_v7(&f->scope);
    assert_true(uuid_is_valid(first));
    assert_int_equal(first.at[14], '7');
    assert_non_null(strchr("89ab", first.at[19]));
    assert_true(str_compare(first, second) < 0);
}

static void text_that_is_no_uuid_is_refused(void **state) {
    (void) state;
    assert_false(uuid_is_valid(STR("")));
    assert_false(uuid_is_valid(STR("0192f0c1-2d3e-7abc-8def-0123456789aB")));
    assert_false(uuid_is_valid(STR("0192f0c1-2d3e-7abc-8def-0123456789a")));
    assert_false(uuid_is_valid(STR("0192f0c1x2d3e-7abc-8def-0123456789ab")));
    assert_true(uuid_is_valid(STR("0192f0c1-2d3e-7abc-8def-0123456789ab")));
}

static void system_randomness_differs_each_time(void **state) {
    struct fixture *f = *state;
    f->env.random = system_random();
    const struct str first = random_token(&f->scope, 32);
    const struct str second = random_token(&f->scope, 32);
    assert_int_equal(first.len, 43);
    assert_false(str_eq(first, second));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(an_id_is_a_uuid_v7_that_sorts_by_time),
        SENTENCE(text_that_is_no_uuid_is_refused),
        SENTENCE(system_randomness_differs_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
