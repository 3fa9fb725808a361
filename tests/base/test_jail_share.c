/* Who waits, who is turned away, and what a question costs whom. */
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "tests/base/prison.h"

/* A call in a thread of its own, whose child is held by a question until it is let go. */
struct guest {
    struct prison *prison;
    const char *share;
    sem_t asked, go_on;
    pthread_t thread;
    struct fixture fixture;
    enum jail_outcome outcome;
    struct str text;
};

static result hold(struct scope *scope, void *context, const struct jail_message *question,
                   struct jail_message *ret) {
    struct guest *guest = context;
    (void) scope;
    (void) question;
    (void) sem_post(&guest->asked);
    while (sem_wait(&guest->go_on) != 0) { /* interrupted */
    }
    jail_message_set(ret, TAG_TEXT, STR("held"));
    return OK_RESULT;
}

static void *visit(void *self) {
    struct guest *guest = self;
    const struct want want = {
        .misdeed = DO_ASK, .share = guest->share, .text = "", .reply = hold, .context = guest};
    const result sent = prison_send(&guest->fixture.scope, guest->prison->jail, &want,
                                    &guest->outcome, &guest->text);
    guest->outcome = is_ok(sent) ? guest->outcome : JAIL_OUTCOME_COUNT;
    return NULL;
}

static void arrive(struct prison *prison, struct guest *guest, const char *share) {
    guest->prison = prison;
    guest->share = share;
    fixture_open(&guest->fixture);
    (void) sem_init(&guest->asked, 0, 0);
    (void) sem_init(&guest->go_on, 0, 0);
    assert_int_equal(pthread_create(&guest->thread, NULL, visit, guest), 0);
}

static void wait_until_inside(struct guest *guest) {
    while (sem_wait(&guest->asked) != 0) { /* interrupted */
    }
}

static void wait_until_waiting(struct prison *prison, size_t count) {
    struct jail_stats stats = {.waiting = 0};
    while (stats.waiting != count) {
        jail_stats(prison->jail, ROLE_PURE, &stats);
        (void) usleep(1000);
    }
}

static void depart(struct guest *guest, enum jail_outcome outcome) {
    (void) sem_post(&guest->go_on);
    assert_int_equal(pthread_join(guest->thread, NULL), 0);
    assert_int_equal(guest->outcome, outcome);
    fixture_close(&guest->fixture);
}

static enum jail_outcome echo(struct prison *prison, const char *share) {
    const struct want want = {.misdeed = DO_ECHO, .share = share, .text = "hello"};
    struct str text = STR("");
    return prison_call(prison, &prison->fixture.scope, &want, &text);
}

static void one_share_gets_half_of_the_children_and_others_get_through(void **state) {
    struct prison *prison = *state;
    struct guest flood[2] = {{.share = ""}};
    arrive(prison, &flood[0], "tenant-a");
    wait_until_inside(&flood[0]);
    arrive(prison, &flood[1], "tenant-a");
    wait_until_waiting(prison, 1); /* though a child is idle */
    struct jail_stats stats;
    jail_stats(prison->jail, ROLE_PURE, &stats);
    assert_int_equal(stats.busy, 1);
    assert_int_equal(echo(prison, "tenant-b"), JAIL_ANSWERED);
    jail_stats(prison->jail, ROLE_PURE, &stats);
    assert_int_equal(stats.waiting, 1);
    depart(&flood[0], JAIL_ANSWERED);
    wait_until_inside(&flood[1]); /* its turn */
    depart(&flood[1], JAIL_ANSWERED);
}

static void when_all_are_busy_a_call_waits_and_then_gives_up(void **state) {
    struct prison *prison = *state;
    struct jail_settings settings = prison_usual(prison);
    struct guest guests[CHILDREN] = {{.share = ""}};
    settings.queue_us = MS_TO_US(200);
    prison_start(prison, &settings);
    prison_wait_ready(prison, ROLE_PURE);
    arrive(prison, &guests[0], "tenant-a");
    arrive(prison, &guests[1], "tenant-b");
    wait_until_inside(&guests[0]);
    wait_until_inside(&guests[1]);
    const int64_t began_us = clock_monotonic_us();
    assert_int_equal(echo(prison, "tenant-c"), JAIL_ALL_BUSY);
    assert_true(clock_monotonic_us() - began_us >= MS_TO_US(200));
    depart(&guests[0], JAIL_ANSWERED);
    depart(&guests[1], JAIL_ANSWERED);
    assert_int_equal(echo(prison, "tenant-c"), JAIL_ANSWERED);
    assert_int_equal(prison_deaths(prison), 0);
}

static void a_full_queue_turns_away_at_once(void **state) {
    struct prison *prison = *state;
    struct jail_settings settings = prison_usual(prison);
    struct guest guests[3] = {{.share = ""}};
    settings.waiting[ROLE_PURE] = 1;
    prison_start(prison, &settings);
    arrive(prison, &guests[0], "tenant-a");
    wait_until_inside(&guests[0]);
    arrive(prison, &guests[1], "tenant-b");
    wait_until_inside(&guests[1]);
    arrive(prison, &guests[2], "tenant-c");
    wait_until_waiting(prison, 1);
    const int64_t began_us = clock_monotonic_us();
    assert_int_equal(echo(prison, "tenant-d"), JAIL_ALL_BUSY);
    assert_true(clock_monotonic_us() - began_us < S_TO_US(5)); /* it would wait for 20 s */
    depart(&guests[0], JAIL_ANSWERED);
    wait_until_inside(&guests[2]);
    depart(&guests[1], JAIL_ANSWERED);
    depart(&guests[2], JAIL_ANSWERED);
}

static void one_share_fills_only_half_of_the_queue(void **state) {
    struct prison *prison = *state;
    struct jail_settings settings = prison_usual(prison);
    struct guest guests[2] = {{.share = ""}};
    settings.waiting[ROLE_PURE] = 2;
    prison_start(prison, &settings);
    arrive(prison, &guests[0], "tenant-a");
    wait_until_inside(&guests[0]);
    arrive(prison, &guests[1], "tenant-a");
    wait_until_waiting(prison, 1);
    assert_int_equal(echo(prison, "tenant-a"), JAIL_ALL_BUSY);
    assert_int_equal(echo(prison, "tenant-b"), JAIL_ANSWERED);
    depart(&guests[0], JAIL_ANSWERED);
    wait_until_inside(&guests[1]);
    depart(&guests[1], JAIL_ANSWERED);
}

static result answer_once(struct scope *scope, void *context, const struct jail_message *question,
                          struct jail_message *ret) {
    int *times = context;
    (void) question;
    (*times)++;
    jail_message_set(ret, TAG_TEXT, str_copy(scope->arena, STR("the key")));
    return OK_RESULT;
}

static void a_question_is_answered_once(void **state) {
    struct prison *prison = *state;
    struct scope *scope = &prison->fixture.scope;
    int times = 0;
    struct want want = {.misdeed = DO_ASK, .text = "", .reply = answer_once, .context = &times};
    struct str text = STR("");
    assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_ANSWERED);
    assert_str(text, "the key");
    assert_int_equal(times, 1);
    want.misdeed = DO_ASK_TWICE; /* the handler's second question fails, and with it the handler */
    assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_CRASHED);
    assert_int_equal(times, 2);
    want.misdeed = DO_ASK_RAW_TWICE;
    assert_int_equal(prison_call(prison, scope, &want, &text), JAIL_BROKE_PROTOCOL);
    assert_int_equal(times, 3);
    assert_works(prison);
}

static result fail_to_answer(struct scope *scope, void *context,
                             const struct jail_message *question, struct jail_message *ret) {
    (void) context;
    (void) question;
    jail_message_set(ret, TAG_TEXT, STR("half of it"));
    return FAIL(scope, UNAVAILABLE, "test.away");
}

static void a_failed_reply_is_the_calls_failure_and_no_fault_of_the_child(void **state) {
    struct prison *prison = *state;
    struct scope *scope = &prison->fixture.scope;
    const struct want want = {.misdeed = DO_ASK, .text = "", .reply = fail_to_answer};
    enum jail_outcome outcome = JAIL_OUTCOME_COUNT;
    struct str text = STR("untouched");
    assert_failed(prison_send(scope, prison->jail, &want, &outcome, &text), scope, UNAVAILABLE,
                  "test.away");
    assert_str(text, "untouched");
    assert_int_equal(prison_deaths(prison), 0);
    assert_works(prison);
}

int main(int argc, char **argv) {
    int code = 0;
    if (prison_is_keeper(argc, argv, &code)) {
        return code;
    }
    const struct CMUnitTest tests[] = {
        JAILED(one_share_gets_half_of_the_children_and_others_get_through),
        JAILED(when_all_are_busy_a_call_waits_and_then_gives_up),
        JAILED(a_full_queue_turns_away_at_once),
        JAILED(one_share_fills_only_half_of_the_queue),
        JAILED(a_question_is_answered_once),
        JAILED(a_failed_reply_is_the_calls_failure_and_no_fault_of_the_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
