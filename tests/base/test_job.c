#include "base/job.h"

#include "tests/support/on_both.h"

static const struct statement STATE = {"test.job_state", INSTALLATION,
                                       "SELECT state, reason FROM job", NULL};

static void given_job(struct database *d, const char *kind, int64_t run_at_us) {
    struct scope *scope = &d->fixture.scope;
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(job_enqueue(scope, tx, STR("org"), str_from_c(kind), STR("{}"), run_at_us));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
}

static struct job claim(struct database *d, struct str owner) {
    struct job job = {0};
    assert_ok(job_claim(&d->fixture.scope, d->db, owner, S_TO_US(60), &job));
    return job;
}

static void assert_none(struct database *d) {
    struct job job;
    assert_failed(job_claim(&d->fixture.scope, d->db, STR("me"), S_TO_US(60), &job),
                  &d->fixture.scope, NOT_FOUND, "job.none");
}

static void a_job_is_claimed_once_and_done(void **state) {
    struct database *d = *state;
    given_job(d, "mail", d->fixture.time.now_us);
    const struct job job = claim(d, STR("me"));
    assert_str(job.kind, "mail");
    assert_str(job.org_id, "org");
    assert_str(job.payload, "{}");
    assert_int_equal(job.attempts, 1);
    assert_none(d);
    assert_ok(job_finish(&d->fixture.scope, d->db, &job, STR("me")));
    fake_clock_advance(&d->fixture.time, S_TO_US(3600));
    assert_none(d);
}

static void the_earliest_due_job_comes_first_and_a_later_one_waits(void **state) {
    struct database *d = *state;
    const int64_t now_us = d->fixture.time.now_us;
    given_job(d, "later", now_us + 1);
    given_job(d, "second", now_us - 1);
    given_job(d, "first", now_us - 2);
    assert_str(claim(d, STR("me")).kind, "first");
    assert_str(claim(d, STR("me")).kind, "second");
    assert_none(d);
    fake_clock_advance(&d->fixture.time, 1);
    assert_str(claim(d, STR("me")).kind, "later");
}

static void after_its_lease_a_job_is_anothers(void **state) {
    struct database *d = *state;
    given_job(d, "mail", d->fixture.time.now_us);
    const struct job first = claim(d, STR("me"));
    fake_clock_advance(&d->fixture.time, S_TO_US(60) - 1);
    assert_none(d);
    fake_clock_advance(&d->fixture.time, 1);
    const struct job second = claim(d, STR("other"));
    assert_int_equal(second.attempts, 2);
    assert_failed(job_finish(&d->fixture.scope, d->db, &first, STR("me")), &d->fixture.scope,
                  NOT_FOUND, "job.lost");
    assert_failed(job_retry(&d->fixture.scope, d->db, &first, STR("me"), "mail.refused"),
                  &d->fixture.scope, NOT_FOUND, "job.lost");
    assert_ok(job_finish(&d->fixture.scope, d->db, &second, STR("other")));
}

static void a_late_claim_of_the_same_owner_is_told_apart(void **state) {
    struct database *d = *state;
    given_job(d, "mail", d->fixture.time.now_us);
    const struct job first = claim(d, STR("me"));
    fake_clock_advance(&d->fixture.time, S_TO_US(60));
    const struct job second = claim(d, STR("me"));
    assert_failed(job_finish(&d->fixture.scope, d->db, &first, STR("me")), &d->fixture.scope,
                  NOT_FOUND, "job.lost");
    assert_ok(job_finish(&d->fixture.scope, d->db, &second, STR("me")));
}

static void the_back_off_doubles_up_to_an_hour(void **state) {
    struct database *d = *state;
    static const int64_t WAITS_S[] = {1,   2,   4,   8,    16,   32,   64,
                                      128, 256, 512, 1024, 2048, 3600, 3600};
    given_job(d, "mail", d->fixture.time.now_us);
    for (size_t i = 0; i < sizeof WAITS_S / sizeof WAITS_S[0]; i++) {
        const struct job job = claim(d, STR("me"));
        assert_ok(job_retry(&d->fixture.scope, d->db, &job, STR("me"), "mail.refused"));
        fake_clock_advance(&d->fixture.time, S_TO_US(WAITS_S[i]) - 1);
        assert_none(d);
        fake_clock_advance(&d->fixture.time, 1);
    }
}

static void after_twenty_attempts_a_job_is_dead_and_keeps_its_reason(void **state) {
    struct database *d = *state;
    given_job(d, "mail", d->fixture.time.now_us);
    for (int i = 1; i <= 20; i++) {
        const struct job job = claim(d, STR("me"));
        assert_int_equal(job.attempts, i);
        assert_ok(job_retry(&d->fixture.scope, d->db, &job, STR("me"), "mail.refused"));
        fake_clock_advance(&d->fixture.time, S_TO_US(3600));
    }
    assert_none(d);
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &STATE, NO_VALUES, &rows));
    assert_str(rows_text(&rows, 0, 0), "dead");
    assert_str(rows_text(&rows, 0, 1), "mail.refused");
}

static void a_job_of_a_transaction_that_failed_is_never_run(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(job_enqueue(scope, tx, STR("org"), STR("mail"), STR("{}"), 0));
    tx_end(&tx);
    assert_none(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_job_is_claimed_once_and_done),
        ON_BOTH(the_earliest_due_job_comes_first_and_a_later_one_waits),
        ON_BOTH(after_its_lease_a_job_is_anothers),
        ON_BOTH(a_late_claim_of_the_same_owner_is_told_apart),
        ON_BOTH(the_back_off_doubles_up_to_an_hour),
        ON_BOTH(after_twenty_attempts_a_job_is_dead_and_keeps_its_reason),
        ON_BOTH(a_job_of_a_transaction_that_failed_is_never_run),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
