#include "base/time_text.h"

#include "tests/support/fixture.h"

static void a_time_is_written_in_utc_with_milliseconds(void **state) {
    struct fixture *f = *state;
    assert_str(time_format(f->scope.arena, 0), "1970-01-01T00:00:00.000Z");
    assert_str(time_format(f->scope.arena, INT64_C(1767323045678999)), "2026-01-02T03:04:05.678Z");
    assert_str(time_format(f->scope.arena, INT64_C(951782400000000)), "2000-02-29T00:00:00.000Z");
    assert_str(time_format(f->scope.arena, INT64_C(253402300799999999)),
               "9999-12-31T23:59:59.999Z");
    assert_str(time_format(f->scope.arena, INT64_MAX), "9999-12-31T23:59:59.999Z");
    assert_str(time_format(f->scope.arena, -1), "1970-01-01T00:00:00.000Z");
}

static void every_day_up_to_2200_reads_back(void **state) {
    struct fixture *f = *state;
    for (int64_t day = 0; day < 84006; day++) {
        const int64_t us = S_TO_US(day * 86400 + 86399);
        int64_t back = 0;
        assert_ok(time_parse(&f->scope, time_format(f->scope.arena, us), &back));
        assert_true(back == us);
        arena_reset(f->scope.arena);
    }
}

static void times_are_read_with_any_zone_and_fraction(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int64_t us;
    } CASES[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-02T03:04:05Z", INT64_C(1767323045000000)},
        {"2026-01-02T05:04:05.5+02:00", INT64_C(1767323045500000)},
        {"2026-01-01T13:04:05.000001-14:00", INT64_C(1767323045000001)},
        {"2026-01-02T03:04:05.1234567890123Z", INT64_C(1767323045123456)},
        {"2024-02-29T00:00:00-00:00", INT64_C(1709164800000000)},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t us = -1;
        assert_ok(time_parse(&f->scope, str_from_c(CASES[i].text), &us));
        assert_true(us == CASES[i].us);
    }
}

static void anything_but_a_full_time_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {
        "",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04Z",
        "2026-01-02 03:04:05Z",
        "2026-01-02t03:04:05Z",
        "2026-01-02T03:04:05z",
        "2026-01-02T03:04:05ZZ",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z ",
        "2026-00-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-01-32T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "2100-02-29T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T23:59:60Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05+0200",
        "2026-01-02T03:04:05+15:00",
        "2026-01-02T03:04:05+14:01",
        "2026-01-02T03:04:05+02:60",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "-2026-01-02T03:04:05Z",
        "12026-01-02T03:04:05Z",
        "2026-1-2T03:04:05Z",
        "+026-01-02T03:04:05Z",
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        int64_t us = -1;
        assert_failed(time_parse(&f->scope, str_from_c(REFUSED[i]), &us), &f->scope, INVALID,
                      "time.malformed");
        assert_int_equal(us, -1);
    }
}

static void durations_are_a_number_and_a_unit(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text;
        int64_t us;
    } CASES[] = {
        {"0s", 0},
        {"250ms", 250000},
        {"30s", 30000000},
        {"5m", 300000000},
        {"12h", INT64_C(43200000000)},
        {"90d", INT64_C(7776000000000)},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t us = -1;
        assert_ok(duration_parse(&f->scope, str_from_c(CASES[i].text), &us));
        assert_true(us == CASES[i].us);
    }
}

static void anything_but_a_number_and_a_unit_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {"",
                                          "5",
                                          "s",
                                          "-5s",
                                          "+5s",
                                          "5 s",
                                          "5S",
                                          "5us",
                                          "5w",
                                          "1.5h",
                                          "5s ",
                                          "1h30m",
                                          " 5s",
                                          "ms",
                                          "0x5s",
                                          "106751992d",
                                          "99999999999999999999s"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        int64_t us = -1;
        assert_failed(duration_parse(&f->scope, str_from_c(REFUSED[i]), &us), &f->scope, INVALID,
                      "time.duration");
        assert_int_equal(us, -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_time_is_written_in_utc_with_milliseconds),
        SENTENCE(every_day_up_to_2200_reads_back),
        SENTENCE(times_are_read_with_any_zone_and_fraction),
        SENTENCE(anything_but_a_full_time_is_refused),
        SENTENCE(durations_are_a_number_and_a_unit),
        SENTENCE(anything_but_a_number_and_a_unit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
