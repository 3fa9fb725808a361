#include "gateway/sweep.h"
#include "identity/login_throttle.h"
#include "messaging/revoke.h"
#include "tests/identity/known.h"

static const struct statement COUNT_ALL = {
    "test.rows", CROSS_TENANT,
    "SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM login_throttle) + "
    "(SELECT count(*) FROM revocation)",
    "counts what a sweep may take"};

static int64_t rows_of(struct database *d) {
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &COUNT_ALL, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0);
}

static void what_nobody_can_use_any_more_is_swept_in_its_time(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct state_change change = change_of(d, &ann, SOURCE_SCIM);
    struct revoked revoked;
    int64_t retry_after_s = 0;
    int64_t last_us = d->fixture.time.boot_us;
    (void) given_session(d, &acme.creator);
    assert_ok(login_throttle_count(scope, d->db, STR("a"), STR("192.0.2.1"), &retry_after_s));
    assert_ok(user_deactivate(scope, &BACKEND, d->db, &change, &revoked));
    assert_int_equal(rows_of(d), 4);

    fake_clock_advance(&d->fixture.time, S_TO_US(SWEEP_EVERY_S) - 1);
    sweep_step(scope, d->db, &last_us); /* too early to look */
    fake_clock_advance(&d->fixture.time, 1);
    sweep_step(scope, d->db, &last_us); /* all of it is young */
    assert_int_equal(last_us, d->fixture.time.boot_us);
    assert_int_equal(rows_of(d), 4);
    fake_clock_advance(&d->fixture.time, IDENTITY.session_idle_us);
    sweep_step(scope, d->db, &last_us);
    assert_int_equal(rows_of(d), 1); /* the revocation stays */
    fake_clock_advance(&d->fixture.time, S_TO_US(REVOCATION_KEEP_S));
    sweep_step(scope, d->db, &last_us);
    assert_int_equal(rows_of(d), 0);
}

static void a_sweep_that_fails_is_tried_again_next_time(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    int64_t last_us = d->fixture.time.boot_us;
    struct db_fault fault = {.fail_at = 1};
    (void) given_session(d, &acme.creator);
    fake_clock_advance(&d->fixture.time, IDENTITY.session_idle_us);

    db_set_fault(d->db, &fault);
    sweep_step(scope, d->db, &last_us);
    db_set_fault(d->db, NULL);
    assert_int_equal(rows_of(d), 1);
    fake_clock_advance(&d->fixture.time, S_TO_US(SWEEP_EVERY_S));
    sweep_step(scope, d->db, &last_us);
    assert_int_equal(rows_of(d), 0);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(what_nobody_can_use_any_more_is_swept_in_its_time),
        ON_BOTH(a_sweep_that_fails_is_tried_again_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
