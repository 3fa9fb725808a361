#include "base/time_text.h"

#include "base/arena.h"
#include "base/clock.h"

#define END_OF_YEARS_S INT64_C(253402300800) /* 10000-01-01 */

enum { SECONDS_PER_DAY = 86400, FIRST_YEAR = 1970, LAST_YEAR = 9999 };

/* Days from 1970-01-01 to year-month-day of the proleptic Gregorian calendar; month 1-12. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day) {
    const int64_t shifted = month <= 2 ? year - 1 : year; /* years that begin in March */
    const int64_t era = shifted / 400;
    const int64_t of_era = shifted - era * 400;
    const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const int64_t day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * 146097 + day_of_era - 719468;
}

struct date {
    int64_t year, month, day;
};

/* The inverse, for days >= 0. */
static struct date date_from_days(int64_t days) {
    const int64_t shifted = days + 719468;
    const int64_t era = shifted / 146097;
    const int64_t day_of_era = shifted - era * 146097;
    const int64_t of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    const int64_t month = (5 * of_year + 2) / 153; /* 0 = March */
    return (struct date){
        .year = era * 400 + of_era + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
    };
}

static char *put_digits(char *at, int64_t number, int count) {
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char) ('0' + number % 10);
        number /= 10;
    }
    return at + count;
}

static char *put_byte(char *at, char byte) {
    *at = byte;
    return at + 1;
}

void time_format_into(int64_t us, char *ret) {
    const int64_t latest_us = S_TO_US(END_OF_YEARS_S) - 1;
    const int64_t ms = (us < 0 ? 0 : us > latest_us ? latest_us : us) / US_PER_MS;
    const int64_t seconds = ms / 1000;
    const int64_t of_day = seconds % SECONDS_PER_DAY;
    const struct date date = date_from_days(seconds / SECONDS_PER_DAY);
    char *at = put_byte(put_digits(ret, date.year, 4), '-');
    at = put_byte(put_digits(at, date.month, 2), '-');
    at = put_byte(put_digits(at, date.day, 2), 'T');
    at = put_byte(put_digits(at, of_day / 3600, 2), ':');
    at = put_byte(put_digits(at, of_day / 60 % 60, 2), ':');
    at = put_byte(put_digits(at, of_day % 60, 2), '.');
    (void) put_byte(put_digits(at, ms % 1000, 3), 'Z');
}

struct str time_format(struct arena *arena, int64_t us) {
    char *text = arena_alloc(arena, TIME_TEXT_LEN);
    time_format_into(us, text);
    return (struct str){text, TIME_TEXT_LEN};
}

struct cursor {
    struct str rest;
};

static result take_number(struct scope *scope, struct cursor *at, size_t digits, int64_t max,
                          int64_t *ret) {
    uint64_t number = 0;
    REQUIRE(scope, at->rest.len >= digits, INVALID, "time.malformed");
    if (!is_ok(parse_u64(scope, str_first(at->rest, digits), (uint64_t) max, &number))) {
        return FAIL(scope, INVALID, "time.malformed");
    }
    at->rest = str_from(at->rest, digits);
    *ret = (int64_t) number;
    return OK_RESULT;
}

static result take_byte(struct scope *scope, struct cursor *at, char byte) {
    REQUIRE(scope, at->rest.len > 0 && at->rest.at[0] == byte, INVALID, "time.malformed");
    at->rest = str_from(at->rest, 1);
    return OK_RESULT;
}

static int64_t days_in_month(int64_t year, int64_t month) {
    return days_from_date(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
           days_from_date(year, month, 1);
}

static result take_date(struct scope *scope, struct cursor *at, int64_t *ret_days) {
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    TRY(take_number(scope, at, 4, LAST_YEAR, &year));
    TRY(take_byte(scope, at, '-'));
    TRY(take_number(scope, at, 2, 12, &month));
    TRY(take_byte(scope, at, '-'));
    TRY(take_number(scope, at, 2, 31, &day));
    REQUIRE(scope, year >= FIRST_YEAR && month >= 1 && day >= 1, INVALID, "time.malformed");
    REQUIRE(scope, day <= days_in_month(year, month), INVALID, "time.malformed");
    *ret_days = days_from_date(year, month, day);
    return OK_RESULT;
}

/* hh:mm:ss and a fraction of any length, of which six digits count. A leap second (:60) has no
 * place in a count of seconds and is refused, as XML Schema does. */
static result take_clock(struct scope *scope, struct cursor *at, int64_t *ret_us) {
    int64_t hours = 0;
    int64_t minutes = 0;
    int64_t seconds = 0;
    TRY(take_number(scope, at, 2, 23, &hours));
    TRY(take_byte(scope, at, ':'));
    TRY(take_number(scope, at, 2, 59, &minutes));
    TRY(take_byte(scope, at, ':'));
    TRY(take_number(scope, at, 2, 59, &seconds));
    int64_t us = S_TO_US(hours * 3600 + minutes * 60 + seconds);
    if (at->rest.len > 0 && at->rest.at[0] == '.') {
        at->rest = str_from(at->rest, 1);
        int64_t digit = 0;
        TRY(take_number(scope, at, 1, 9, &digit));
        int64_t unit = US_PER_S / 10;
        us += digit * unit;
        while (at->rest.len > 0 && at->rest.at[0] >= '0' && at->rest.at[0] <= '9') {
            unit /= 10;
            us += (at->rest.at[0] - '0') * unit;
            at->rest = str_from(at->rest, 1);
        }
    }
    *ret_us = us;
    return OK_RESULT;
}

/* Z, or an offset of at most 14 hours (XML Schema part 2, 3.2.7.3). */
static result take_zone(struct scope *scope, struct cursor *at, int64_t *ret_us) {
    REQUIRE(scope, at->rest.len > 0, INVALID, "time.malformed");
    const char sign = at->rest.at[0];
    REQUIRE(scope, sign == 'Z' || sign == '+' || sign == '-', INVALID, "time.malformed");
    at->rest = str_from(at->rest, 1);
    if (sign == 'Z') {
        *ret_us = 0;
        return OK_RESULT;
    }
    int64_t hours = 0;
    int64_t minutes = 0;
    TRY(take_number(scope, at, 2, 14, &hours));
    TRY(take_byte(scope, at, ':'));
    TRY(take_number(scope, at, 2, 59, &minutes));
    REQUIRE(scope, hours < 14 || minutes == 0, INVALID, "time.malformed");
    const int64_t us = S_TO_US(hours * 3600 + minutes * 60);
    *ret_us = sign == '-' ? -us : us;
    return OK_RESULT;
}

result time_parse(struct scope *scope, struct str text, int64_t *ret_us) {
    struct cursor at = {text};
    int64_t days = 0;
    int64_t of_day_us = 0;
    int64_t offset_us = 0;
    TRY(take_date(scope, &at, &days));
    TRY(take_byte(scope, &at, 'T'));
    TRY(take_clock(scope, &at, &of_day_us));
    TRY(take_zone(scope, &at, &offset_us));
    REQUIRE(scope, at.rest.len == 0, INVALID, "time.malformed");
    const int64_t us = S_TO_US(days * SECONDS_PER_DAY) + of_day_us - offset_us;
    /* an offset can lead out of the years that can be written again */
    REQUIRE(scope, us >= 0 && us < S_TO_US(END_OF_YEARS_S), INVALID, "time.malformed");
    *ret_us = us;
    return OK_RESULT;
}

result duration_parse(struct scope *scope, struct str text, int64_t *ret_us) {
    static const struct {
        struct str suffix;
        int64_t us;
    } UNITS[] = {/* "ms" before "s": both end in s */
                 {STR_INIT("ms"), US_PER_MS},
                 {STR_INIT("s"), US_PER_S},
                 {STR_INIT("m"), S_TO_US(60)},
                 {STR_INIT("h"), S_TO_US(3600)},
                 {STR_INIT("d"), S_TO_US(SECONDS_PER_DAY)}};
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (!str_has_suffix(text, UNITS[i].suffix)) {
            continue;
        }
        uint64_t number = 0;
        const struct str digits = str_first(text, text.len - UNITS[i].suffix.len);
        const uint64_t max = (uint64_t) (INT64_MAX / UNITS[i].us);
        if (!is_ok(parse_u64(scope, digits, max, &number))) {
            return FAIL(scope, INVALID, "time.duration");
        }
        *ret_us = (int64_t) number * UNITS[i].us;
        return OK_RESULT;
    }
    return FAIL(scope, INVALID, "time.duration");
}
