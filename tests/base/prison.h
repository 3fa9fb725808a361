#pragma once
/* A jail of misdeeds for one test, and one call of it. */

#include "base/jail.h"
#include "tests/base/jail_misdeeds.h"
#include "tests/support/fixture.h"

enum { CHILDREN = 2 };

struct prison {
    struct fixture fixture; /* first */
    struct jail *jail;
    _Atomic int deaths[JAIL_OUTCOME_COUNT];
};

/* For main: true, and the code to return, in a keeper. */
bool prison_is_keeper(int argc, char **argv, int *ret_code);

struct jail_settings prison_usual(struct prison *prison);
/* Ends the one before. */
void prison_start(struct prison *prison, const struct jail_settings *settings);
int prison_set_up(void **state); /* *state is a struct prison with the usual jail */
int prison_tear_down(void **state);
int prison_deaths(const struct prison *prison);

#define JAILED(test) cmocka_unit_test_setup_teardown(test, prison_set_up, prison_tear_down)

struct want {
    enum misdeed misdeed;
    size_t role;
    const char *share;
    const char *text;
    result (*reply)(struct scope *, void *, const struct jail_message *, struct jail_message *);
    void *context;
};

/* *ret: TEXT of the answer, when there is one. */
RESULT prison_send(struct scope *scope, struct jail *jail, const struct want *want,
                   enum jail_outcome *ret_outcome, struct str *ret);
/* The same where the call itself must not fail. */
enum jail_outcome prison_call(struct prison *prison, struct scope *scope, const struct want *want,
                              struct str *ret);
enum jail_outcome prison_do(struct prison *prison, enum misdeed misdeed, struct str *ret);
/* Until all children of the role are there. */
void prison_wait_ready(struct prison *prison, size_t role);
void assert_works(struct prison *prison);
