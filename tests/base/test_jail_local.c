/* The same calls without processes: what worlds without threads and fuzz targets use. */
#include "tests/base/prison.h"

static int set_up(void **state) {
    static struct prison prison;
    prison = (struct prison){.jail = NULL};
    fixture_open(&prison.fixture);
    prison.jail = jail_new_local(&MISDEEDS);
    *state = &prison;
    return 0;
}

static int tear_down(void **state) {
    struct prison *prison = *state;
    jail_free(&prison->jail);
    fixture_close(&prison->fixture);
    return 0;
}

#define LOCAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void a_message_comes_back(void **state) {
    assert_works(*state);
    assert_works(*state);
}

static void limits_and_failures_are_those_of_the_jail(void **state) {
    struct prison *prison = *state;
    struct str text = STR("");
    assert_int_equal(prison_do(prison, DO_FAIL, &text), JAIL_CRASHED);
    assert_int_equal(prison_do(prison, DO_LARGE, &text), JAIL_BROKE_PROTOCOL);
    assert_int_equal(prison_do(prison, DO_WRONG_TAG, &text), JAIL_BROKE_PROTOCOL);
    assert_int_equal(prison_do(prison, DO_ASK, &text), JAIL_BROKE_PROTOCOL);
    const struct want want = {.misdeed = DO_ECHO, .role = ROLE_BROKEN, .text = "hello"};
    assert_int_equal(prison_call(prison, &prison->fixture.scope, &want, &text), JAIL_CRASHED);
    assert_works(prison);
}

static result answer(struct scope *scope, void *context, const struct jail_message *question,
                     struct jail_message *ret) {
    (void) context;
    (void) question;
    jail_message_set(ret, TAG_TEXT, str_copy(scope->arena, STR("the key")));
    return OK_RESULT;
}

static result refuse(struct scope *scope, void *context, const struct jail_message *question,
                     struct jail_message *ret) {
    (void) context;
    (void) question;
    (void) ret;
    return FAIL(scope, UNAVAILABLE, "test.away");
}

static void a_question_is_answered_once_or_fails_the_call(void **state) {
    struct prison *prison = *state;
    struct scope *scope = &prison->fixture.scope;
    struct want want = {.misdeed = DO_ASK, .text = "", .reply = answer};
    struct str text = STR("");
    assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_ANSWERED);
    assert_str(text, "the key");
    want.misdeed = DO_ASK_TWICE;
    assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_CRASHED);
    want = (struct want){.misdeed = DO_ASK, .text = "", .reply = refuse};
    enum jail_outcome outcome;
    assert_failed(prison_send(scope, prison->jail, &want, &outcome, &text), scope, UNAVAILABLE,
                  "test.away");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        LOCAL(a_message_comes_back),
        LOCAL(limits_and_failures_are_those_of_the_jail),
        LOCAL(a_question_is_answered_once_or_fails_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
