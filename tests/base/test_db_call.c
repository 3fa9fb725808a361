#include <poll.h>

#include "base/event_log.h"
#include "base/generation_store.h"

#include "tests/support/on_both.h"

static const struct statement PUT = {"test.put", INSTALLATION,
                                     "INSERT INTO installation(key, value) VALUES ($1, $2)", NULL};
static const struct statement CHANGE = {
    "test.change", INSTALLATION,
    "UPDATE installation SET value = $2 WHERE key = $1 RETURNING value", NULL};
static const struct statement GET = {"test.get", INSTALLATION,
                                     "SELECT value FROM installation WHERE key = $1", NULL};
static const struct statement MISSING = {"test.missing", INSTALLATION, "SELECT x FROM nowhere",
                                         NULL};

/* As the follower does: poll, advance, until it is done or failed. */
static result wait_call(struct scope *scope, struct db_call *call) {
    bool is_done = false;
    for (;;) {
        TRY(db_call_advance(scope, call, &is_done));
        if (is_done) {
            return OK_RESULT;
        }
        struct pollfd waited = {db_call_fd(call), db_call_events(call), 0};
        if (poll(&waited, 1, 10000) <= 0) {
            return FAIL(scope, UNAVAILABLE, "test.deadline");
        }
    }
}

/* Where it begins does not matter: SQLite fails at once, PostgreSQL later. */
static result run_call(struct database *d, const struct db_step *steps, size_t count,
                       struct rows *ret_last) {
    struct scope *scope = &d->fixture.scope;
    AUTO(db_call_end) struct db_call *call = NULL;
    TRY(db_call_begin(scope, d->db, steps, count, &call));
    TRY(wait_call(scope, call));
    *ret_last = *db_call_rows(call, count - 1);
    return OK_RESULT;
}

static struct rows get(struct database *d, const char *key) {
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &GET, VALUES(value_text(str_from_c(key))), &rows));
    return rows;
}

static void all_steps_are_one_transaction(void **state) {
    struct database *d = *state;
    const struct db_step steps[] = {
        {&PUT, VALUES(value_text(STR("a")), value_text(STR("1")))},
        {&PUT, VALUES(value_text(STR("b")), value_text(STR("2")))},
        {&CHANGE, VALUES(value_text(STR("a")), value_text(STR("3")))},
        {&GET, VALUES(value_text(STR("a")))},
    };
    struct rows last;
    assert_ok(run_call(d, steps, 4, &last));
    assert_str(rows_text(&last, 0, 0), "3");
    assert_str(rows_text(&(struct rows){1, 1, get(d, "b").cells, 0}, 0, 0), "2");
}

static void a_step_that_fails_undoes_the_others_and_the_db_goes_on(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct db_step steps[] = {
        {&PUT, VALUES(value_text(STR("a")), value_text(STR("1")))},
        {&PUT, VALUES(value_text(STR("a")), value_text(STR("2")))},
        {&GET, VALUES(value_text(STR("a")))},
    };
    struct rows last;
    assert_failed(run_call(d, steps, 3, &last), scope, CONFLICT, "db.unique");
    assert_int_equal(get(d, "a").count, 0);
    assert_ok(run_call(d, steps, 1, &last));
    assert_int_equal(get(d, "a").count, 1);
}

static void a_statement_that_does_not_prepare_fails_the_call(void **state) {
    struct database *d = *state;
    const struct db_step steps[] = {
        {&PUT, VALUES(value_text(STR("a")), value_text(STR("1")))},
        {&MISSING, NO_VALUES},
    };
    struct rows last;
    assert_failed(run_call(d, steps, 2, &last), &d->fixture.scope, INTERNAL, "db.statement");
    assert_int_equal(get(d, "a").count, 0);
}

static void a_lone_read_needs_no_transaction(void **state) {
    struct database *d = *state;
    const struct db_step steps[] = {{generation_statement(d->engine), NO_VALUES}};
    struct rows last;
    assert_ok(run_call(d, steps, 1, &last));
    assert_int_equal(last.count, 1);
    assert_ok(run_call(d, steps, 1, &last));
}

static void a_call_in_flight_keeps_the_db_busy(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct db_step steps[] = {{&GET, VALUES(value_text(STR("a")))}};
    struct db_call *call = NULL;
    struct db_call *second = NULL;
    struct tx *tx = NULL;
    assert_ok(db_call_begin(scope, d->db, steps, 1, &call));
    assert_failed(db_call_begin(scope, d->db, steps, 1, &second), scope, INTERNAL, "db.in_call");
    assert_failed(tx_begin(scope, d->db, LANE_NORMAL, &tx), scope, INTERNAL, "db.in_call");
    db_call_end(&call);
    assert_int_equal(get(d, "a").count, 0);
}

static void an_abandoned_call_writes_all_or_nothing_and_the_db_comes_back(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct db_step steps[] = {
        {&PUT, VALUES(value_text(STR("a")), value_text(STR("1")))},
        {&PUT, VALUES(value_text(STR("b")), value_text(STR("1")))},
    };
    struct db_call *call = NULL;
    assert_ok(db_call_begin(scope, d->db, steps, 2, &call));
    db_call_end(&call);
    struct rows last;
    const struct db_step next[] = {{&GET, VALUES(value_text(STR("a")))}};
    assert_ok(run_call(d, next, 1, &last));
    assert_int_equal(get(d, "a").count, get(d, "b").count);
}

static const struct statement PID = {"test.pid", INSTALLATION,
                                     "SELECT CAST(pg_backend_pid() AS BIGINT)", NULL};
static const struct statement KILL = {
    "test.kill", INSTALLATION, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)", NULL};

static void a_lost_connection_fails_one_call_and_the_next_reconnects(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct db *killer = database_connect(d);
    const struct db_step steps[] = {
        {&PUT, VALUES(value_text(STR("a")), value_text(STR("1")))},
        {&GET, VALUES(value_text(STR("a")))},
    };
    struct rows rows;
    assert_ok(db_run(scope, d->db, &PID, NO_VALUES, &rows));
    assert_ok(db_run(scope, killer, &KILL, VALUES(rows.cells[0]), &rows));
    db_close(&killer);
    struct rows last;
    assert_int_equal(run_call(d, steps, 2, &last).code, UNAVAILABLE);
    assert_ok(run_call(d, steps, 2, &last));
    assert_str(rows_text(&last, 0, 0), "1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(all_steps_are_one_transaction),
        ON_BOTH(a_step_that_fails_undoes_the_others_and_the_db_goes_on),
        ON_BOTH(a_statement_that_does_not_prepare_fails_the_call),
        ON_BOTH(a_lone_read_needs_no_transaction),
        ON_BOTH(a_call_in_flight_keeps_the_db_busy),
        ON_BOTH(an_abandoned_call_writes_all_or_nothing_and_the_db_comes_back),
        ON_POSTGRES(a_lost_connection_fails_one_call_and_the_next_reconnects),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
