#include "tests/base/prison.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static const char *program; /* this one: its main is the keeper's, too */

bool prison_is_keeper(int argc, char **argv, int *ret_code) {
    program = argv[0];
    return jail_keeper_main(&MISDEEDS, argc, argv, ret_code);
}

static void count_death(void *context, size_t role, enum jail_outcome cause) {
    struct prison *prison = context;
    (void) role;
    atomic_fetch_add(&prison->deaths[cause], 1);
}

int prison_deaths(const struct prison *prison) {
    int sum = 0;
    for (size_t i = 0; i < JAIL_OUTCOME_COUNT; i++) {
        sum += atomic_load(&prison->deaths[i]);
    }
    return sum;
}

struct jail_settings prison_usual(struct prison *prison) {
    return (struct jail_settings){
        .env = &prison->fixture.env,
        .roles = &MISDEEDS,
        .program = program,
        .children = {CHILDREN, CHILDREN, 1},
        .messages = 1000,
        .wall_us = S_TO_US(20),
        .queue_us = S_TO_US(20),
        .on_death = count_death,
        .context = prison,
    };
}

void prison_start(struct prison *prison, const struct jail_settings *settings) {
    jail_free(&prison->jail);
    assert_ok(jail_new(&prison->fixture.scope, settings, &prison->jail));
}

int prison_set_up(void **state) {
    struct prison *prison = calloc(1, sizeof *prison);
    fixture_open(&prison->fixture);
    const struct jail_settings settings = prison_usual(prison);
    prison_start(prison, &settings);
    *state = prison;
    return 0;
}

int prison_tear_down(void **state) {
    struct prison *prison = *state;
    jail_free(&prison->jail);
    fixture_close(&prison->fixture);
    free(prison);
    return 0;
}

result prison_send(struct scope *scope, struct jail *jail, const struct want *want,
                   enum jail_outcome *ret_outcome, struct str *ret) {
    struct jail_message request = {.kind = (uint16_t) want->misdeed};
    jail_message_set(&request, TAG_TEXT, str_from_c(want->text));
    const struct jail_call call = {.role = want->role,
                                   .share = str_from_c(want->share),
                                   .request = &request,
                                   .reply = want->reply,
                                   .context = want->context};
    struct jail_message answer;
    TRY(jail_send(scope, jail, &call, ret_outcome, &answer));
    if (*ret_outcome == JAIL_ANSWERED) {
        *ret = answer.values[TAG_TEXT];
    }
    return OK_RESULT;
}

enum jail_outcome prison_call(struct prison *prison, struct scope *scope, const struct want *want,
                              struct str *ret) {
    enum jail_outcome outcome = JAIL_OUTCOME_COUNT;
    assert_ok(prison_send(scope, prison->jail, want, &outcome, ret));
    return outcome;
}

enum jail_outcome prison_do(struct prison *prison, enum misdeed misdeed, struct str *ret) {
    const struct want want = {.misdeed = misdeed, .text = "hello"};
    return prison_call(prison, &prison->fixture.scope, &want, ret);
}

void assert_works(struct prison *prison) {
    struct str text = STR("");
    assert_int_equal(prison_do(prison, DO_ECHO, &text), JAIL_ANSWERED);
    assert_str(text, "hello");
}

void prison_wait_ready(struct prison *prison, size_t role) {
    struct jail_stats stats = {.children = 0};
    while (stats.children < CHILDREN) {
        jail_stats(prison->jail, role, &stats);
        (void) usleep(1000);
    }
}
