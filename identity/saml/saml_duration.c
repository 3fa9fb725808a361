#include "identity/saml/saml_duration.h"

#include "base/clock.h"

enum { DIGITS_MAX = 9 };

static const struct unit {
    char letter;
    bool is_time; /* behind the T */
    int64_t seconds;
} UNITS[] = {
    {'Y', false, 365 * 86400}, {'M', false, 30 * 86400}, {'D', false, 86400},
    {'H', true, 3600},         {'M', true, 60},          {'S', true, 1},
};
enum { UNIT_COUNT = sizeof UNITS / sizeof UNITS[0] };
static const int64_t SECONDS_MAX = INT64_C(10) * 365 * 86400;

/* Digits, and for seconds a fraction that is dropped. */
static bool read_number(struct str *text, int64_t *ret, bool *ret_has_fraction) {
    size_t at = 0;
    int64_t number = 0;
    for (; at < text->len && at < DIGITS_MAX && text->at[at] >= '0' && text->at[at] <= '9'; at++) {
        number = 10 * number + (text->at[at] - '0');
    }
    if (at == 0) {
        return false;
    }
    *ret = number;
    *text = str_from(*text, at);
    *ret_has_fraction = str_has_prefix(*text, STR("."));
    if (!*ret_has_fraction) {
        return true;
    }
    for (at = 1; at < text->len && text->at[at] >= '0' && text->at[at] <= '9'; at++) {
    }
    *text = str_from(*text, at);
    return at > 1;
}

static size_t find_unit(size_t from, char letter, bool is_time) {
    while (from < UNIT_COUNT && (UNITS[from].letter != letter || UNITS[from].is_time != is_time)) {
        from++;
    }
    return from;
}

bool saml_duration_parse(struct str text, int64_t *ret_us) {
    if (!str_has_prefix(text, STR("P")) || text.len == 1) {
        return false;
    }
    text = str_from(text, 1);
    bool is_time = false;
    size_t unit = 0; /* units come in order, each at most once */
    int64_t seconds = 0;
    while (text.len > 0) {
        if (!is_time && text.at[0] == 'T') {
            is_time = true;
            text = str_from(text, 1);
        }
        int64_t number = 0;
        bool has_fraction = false;
        if (!read_number(&text, &number, &has_fraction) || text.len == 0) {
            return false;
        }
        unit = find_unit(unit, text.at[0], is_time);
        if (unit == UNIT_COUNT || (has_fraction && UNITS[unit].letter != 'S')) {
            return false;
        }
        seconds += number * UNITS[unit].seconds; /* at most 1e9 years of 3e7 s, six times */
        unit++;
        text = str_from(text, 1);
    }
    *ret_us = S_TO_US(seconds < SECONDS_MAX ? seconds : SECONDS_MAX);
    return true;
}
