#include "identity/saml/saml_duration.h"

#include "tests/support/fixture.h"

static void durations_are_read(void **state) {
    (void) state;
    static const struct {
        const char *text;
        int64_t seconds;
    } GOOD[] = {
        {"PT6H", 6 * 3600},     {"P1D", 86400},      {"P1DT1M1S", 86461},
        {"PT1.5S", 1},          {"P1M", 30 * 86400}, {"PT1M", 60},
        {"P1Y2M", 425 * 86400}, {"PT0S", 0},         {"P999999999Y", INT64_C(10) * 365 * 86400},
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        int64_t us = -1;
        assert_true(saml_duration_parse(str_from_c(GOOD[i].text), &us));
        assert_int_equal(us, S_TO_US(GOOD[i].seconds));
    }
}

static void what_is_no_duration_is_refused(void **state) {
    (void) state;
    static const char *const BAD[] = {"",      "P",    "PT",    "1D",    "-P1D",         "P1",
                                      "P1H",   "PT1D", "P1D1Y", "P1D1D", "P-1D",         "P1.5D",
                                      "PT1.S", "P1DT", "PTT1S", "P1D ",  "P9999999999D", "P1d"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        int64_t us = 7;
        if (saml_duration_parse(str_from_c(BAD[i]), &us)) {
            fail_msg("%s was read", BAD[i]);
        }
        assert_int_equal(us, 7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(durations_are_read),
        SENTENCE(what_is_no_duration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
