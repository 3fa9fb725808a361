#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/jail_filter.h"
#include "tests/base/prison.h"

static void a_message_comes_back(void **state) {
    struct prison *prison = *state;
    for (int i = 0; i < 20; i++) {
        assert_works(prison);
    }
    struct str text = STR("");
    char *large = arena_alloc(prison->fixture.scope.arena, 60 * 1024 + 1);
    memset(large, 'x', 60 * 1024);
    const struct want want = {.misdeed = DO_ECHO, .text = large};
    assert_int_equal(prison_call(prison, &prison->fixture.scope, &want, &text), JAIL_ANSWERED);
    assert_int_equal(text.len, 60 * 1024);
    assert_int_equal(prison_deaths(prison), 0);
}

static void what_does_not_fit_the_table_is_not_sent(void **state) {
    struct prison *prison = *state;
    struct scope *scope = &prison->fixture.scope;
    struct jail_message request = {.kind = DO_ECHO};
    jail_message_set(&request, TAG_NUMBER, STR("more than 8 bytes"));
    const struct jail_call call = {.request = &request, .share = STR("")};
    enum jail_outcome outcome;
    struct jail_message answer;
    assert_failed(jail_send(scope, prison->jail, &call, &outcome, &answer), scope, INVALID,
                  "jail.frame");
    assert_works(prison);
    assert_int_equal(prison_deaths(prison), 0);
}

static const struct {
    const char *name;
    enum misdeed misdeed;
    enum jail_outcome outcome;
    bool is_filtered; /* sanitizer builds have another filter and no limit of memory */
} CASES[] = {
    {"a crash", DO_CRASH, JAIL_CRASHED, false},
    {"a failure of the handler", DO_FAIL, JAIL_CRASHED, false},
    {"half a second of work", DO_SPIN, JAIL_TIMED_OUT, false},
    {"garbage", DO_GARBAGE, JAIL_BROKE_PROTOCOL, false},
    {"another version", DO_WRONG_VERSION, JAIL_BROKE_PROTOCOL, false},
    {"an answer to another call", DO_WRONG_NUMBER, JAIL_BROKE_PROTOCOL, false},
    {"two answers", DO_TWICE, JAIL_BROKE_PROTOCOL, false},
    {"a question nobody answers", DO_ASK, JAIL_BROKE_PROTOCOL, false},
    {"an answer that is too large", DO_LARGE, JAIL_CRASHED, false},
    {"a field that answers do not have", DO_WRONG_TAG, JAIL_CRASHED, false},
    {"no memory", DO_USE_MEMORY, JAIL_CRASHED, true},
    {"a file", DO_OPEN, JAIL_CRASHED, true},
    {"a socket", DO_SOCKET, JAIL_CRASHED, false},
    {"a process", DO_FORK, JAIL_CRASHED, true},
    {"memory that can be run", DO_EXECUTE_MEMORY, JAIL_CRASHED, true},
    {"a signal for the keeper", DO_KILL_KEEPER, JAIL_CRASHED, false},
};

static void whatever_a_child_does_is_refused_and_the_next_call_works(void **state) {
    struct prison *prison = *state;
    int expected = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        if (CASES[i].is_filtered && JAIL_IS_SANITIZED) {
            continue;
        }
        struct str text = STR("");
        const enum jail_outcome outcome = prison_do(prison, CASES[i].misdeed, &text);
        if (outcome != CASES[i].outcome) {
            fail_msg("%s: outcome %d", CASES[i].name, (int) outcome);
        }
        assert_int_equal(prison_deaths(prison), ++expected);
        assert_works(prison);
    }
}

static void a_child_that_does_nothing_is_killed_at_the_deadline(void **state) {
    struct prison *prison = *state;
    struct jail_settings settings = prison_usual(prison);
    settings.wall_us = MS_TO_US(300);
    prison_start(prison, &settings);
    struct str text = STR("");
    const int64_t began_us = clock_monotonic_us();
    assert_int_equal(prison_do(prison, DO_SLEEP, &text), JAIL_TIMED_OUT);
    assert_true(clock_monotonic_us() - began_us >= MS_TO_US(300));
    assert_int_equal(atomic_load(&prison->deaths[JAIL_TIMED_OUT]), 1);
    assert_works(prison);
}

static void files_are_denied_to_the_second_role_and_sockets_kill_it(void **state) {
    struct prison *prison = *state;
    struct scope *scope = &prison->fixture.scope;
    struct want want = {.misdeed = DO_OPEN, .role = ROLE_FILES, .text = "hello"};
    struct str text = STR("");
    if (!JAIL_IS_SANITIZED) {
        assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_ANSWERED);
        int64_t error = 0;
        assert_ok(parse_i64(scope, text, 0, 1000, &error));
        assert_int_equal(error, EACCES);
    }
    want.misdeed = DO_SOCKET;
    assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_CRASHED);
    want.misdeed = DO_ECHO;
    assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_ANSWERED);
}

static struct str pid_of(struct prison *prison) {
    struct str text = STR("");
    assert_int_equal(prison_do(prison, DO_TELL_PID, &text), JAIL_ANSWERED);
    return text;
}

static void a_child_retires_after_its_messages(void **state) {
    struct prison *prison = *state;
    struct jail_settings settings = prison_usual(prison);
    settings.children[ROLE_PURE] = 1;
    settings.messages = 3;
    prison_start(prison, &settings);
    const struct str first = pid_of(prison);
    assert_true(str_eq(pid_of(prison), first));
    assert_true(str_eq(pid_of(prison), first));
    assert_false(str_eq(pid_of(prison), first));
    assert_int_equal(prison_deaths(prison), 0);
}

static void with_one_message_each_child_is_fresh(void **state) {
    struct prison *prison = *state;
    struct jail_settings settings = prison_usual(prison);
    struct str text = STR("");
    settings.children[ROLE_PURE] = 1;
    prison_start(prison, &settings);
    assert_int_equal(prison_do(prison, DO_LEAVE_TRACE, &text), JAIL_ANSWERED);
    assert_int_equal(prison_do(prison, DO_LEAVE_TRACE, &text), JAIL_ANSWERED);
    assert_str(text, "used");
    settings.messages = 1;
    prison_start(prison, &settings);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(prison_do(prison, DO_LEAVE_TRACE, &text), JAIL_ANSWERED);
        assert_str(text, "fresh");
    }
}

static void a_killed_keeper_is_replaced_and_its_children_die(void **state) {
    struct prison *prison = *state;
    struct scope *scope = &prison->fixture.scope;
    int64_t child = 0;
    assert_ok(parse_i64(scope, pid_of(prison), 1, INT32_MAX, &child));
    const int64_t keeper = jail_keeper_pid(prison->jail, ROLE_PURE);
    assert_true(keeper > 0);
    assert_int_equal(kill((pid_t) keeper, SIGKILL), 0);
    const int64_t until_us = clock_monotonic_us() + S_TO_US(10);
    struct str text = STR("");
    int refused = 0;
    while (jail_keeper_pid(prison->jail, ROLE_PURE) == keeper && clock_monotonic_us() < until_us) {
        refused += prison_do(prison, DO_ECHO, &text) == JAIL_ANSWERED ? 0 : 1;
    }
    assert_true(refused <= CHILDREN); /* those that had a child of the dead one */
    assert_works(prison);
    assert_int_not_equal(jail_keeper_pid(prison->jail, ROLE_PURE), keeper);
    while (kill((pid_t) child, 0) == 0 && clock_monotonic_us() < until_us) {
        (void) usleep(1000);
    }
    assert_int_not_equal(kill((pid_t) child, 0), 0);
}

static void a_keeper_whose_self_test_fails_gives_no_child(void **state) {
    struct prison *prison = *state;
    struct jail_settings settings = prison_usual(prison);
    settings.queue_us = MS_TO_US(300);
    prison_start(prison, &settings);
    prison_wait_ready(prison, ROLE_PURE);
    struct str text = STR("");
    const struct want want = {.misdeed = DO_ECHO, .role = ROLE_BROKEN, .text = "hello"};
    assert_int_equal(prison_call(prison, &prison->fixture.scope, &want, &text), JAIL_ALL_BUSY);
    assert_works(prison); /* the others do not suffer */
    struct jail_stats stats;
    jail_stats(prison->jail, ROLE_BROKEN, &stats);
    assert_true(stats.restarts >= 1 && stats.restarts < 10); /* not in a tight loop */
    assert_int_equal(stats.children, 0);
}

int main(int argc, char **argv) {
    int code = 0;
    if (prison_is_keeper(argc, argv, &code)) {
        return code;
    }
    const struct CMUnitTest tests[] = {
        JAILED(a_message_comes_back),
        JAILED(what_does_not_fit_the_table_is_not_sent),
        JAILED(whatever_a_child_does_is_refused_and_the_next_call_works),
        JAILED(a_child_that_does_nothing_is_killed_at_the_deadline),
        JAILED(files_are_denied_to_the_second_role_and_sockets_kill_it),
        JAILED(a_child_retires_after_its_messages),
        JAILED(with_one_message_each_child_is_fresh),
        JAILED(a_killed_keeper_is_replaced_and_its_children_die),
        JAILED(a_keeper_whose_self_test_fails_gives_no_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
