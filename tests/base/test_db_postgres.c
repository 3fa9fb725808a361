/* What only PostgreSQL can do to us: connections that end, servers that cannot be used. */

#include "tests/support/on_both.h"

static const struct statement PUT = {"test.put", INSTALLATION,
                                     "INSERT INTO installation(key, value) VALUES ($1, '')", NULL};
static const struct statement COUNT = {"test.count", INSTALLATION,
                                       "SELECT count(*) FROM installation", NULL};
static const struct statement PID = {"test.pid", INSTALLATION,
                                     "SELECT CAST(pg_backend_pid() AS BIGINT)", NULL};
static const struct statement KILL = {
    "test.kill", INSTALLATION, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)", NULL};
static const struct statement SLEEP = {"test.sleep", INSTALLATION,
                                       "SELECT CAST(pg_sleep(5) AS TEXT)", NULL};
static const struct statement SETTINGS = {
    "test.settings", INSTALLATION,
    "SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation'),"
    " current_setting('transaction_read_only')",
    NULL};
static const struct statement SUM = {
    "test.sum", INSTALLATION,
    "SELECT sum(n), 1 = 1, 2 = 1 FROM (VALUES (CAST(4 AS BIGINT)), (5)) AS v(n)", NULL};

static result put(struct database *d, struct tx *tx, const char *key) {
    return tx_run(&d->fixture.scope, tx, &PUT, VALUES(value_text(str_from_c(key))), NULL);
}

static int64_t count_rows(struct database *d) {
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &COUNT, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0);
}

static void kill_connection(struct database *d, struct db *victim) {
    struct scope *scope = &d->fixture.scope;
    struct rows rows;
    struct db *killer = database_connect(d);
    assert_ok(db_run(scope, victim, &PID, NO_VALUES, &rows));
    assert_ok(db_run(scope, killer, &KILL, VALUES(rows.cells[0]), &rows));
    db_close(&killer);
}

static void a_lost_connection_is_made_again_for_the_next_read(void **state) {
    struct database *d = *state;
    const int64_t before = count_rows(d);
    kill_connection(d, d->db);
    assert_int_equal(count_rows(d), before);
}

static void a_lost_connection_is_made_again_for_the_next_transaction(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    kill_connection(d, d->db);
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(put(d, tx, "a"));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
}

static void a_connection_lost_inside_a_transaction_ends_it(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const int64_t before = count_rows(d);
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(put(d, tx, "a"));
    kill_connection(d, tx_db(tx));
    assert_failed(put(d, tx, "b"), scope, UNAVAILABLE, "db.unavailable");
    assert_failed(tx_commit(scope, tx), scope, UNAVAILABLE, "db.tx_over");
    tx_end(&tx);
    assert_int_equal(count_rows(d), before);
}

static void a_connection_lost_under_what_was_sent_commits_nothing(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const int64_t before = count_rows(d);
    for (int at_commit = 0; at_commit < 2; at_commit++) {
        struct tx *tx = NULL;
        assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
        assert_ok(put(d, tx, "a"));
        kill_connection(d, tx_db(tx));
        assert_ok(tx_send(scope, tx, &COUNT, NO_VALUES, NULL));
        const result r = at_commit ? tx_commit(scope, tx) : tx_settle(scope, tx);
        assert_failed(r, scope, UNAVAILABLE, "db.unavailable"); /* not "uncertain" */
        tx_end(&tx);
        assert_int_equal(count_rows(d), before);
    }
}

static void a_connection_lost_at_commit_leaves_the_outcome_open(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(put(d, tx, "a"));
    kill_connection(d, tx_db(tx));
    assert_failed(tx_commit(scope, tx), scope, UNAVAILABLE, "db.commit_uncertain");
    tx_end(&tx);
    assert_true(count_rows(d) >= 0);
}

static void a_statement_that_takes_too_long_is_cut_off(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct store_settings settings = {.url = d->url, .statement_timeout_us = MS_TO_US(50)};
    struct store *store = NULL;
    struct db *db = NULL;
    assert_ok(store_open(scope, &settings, &store));
    assert_ok(db_open(scope, store, &db));
    struct rows rows;
    assert_failed(db_run(scope, db, &SLEEP, NO_VALUES, &rows), scope, UNAVAILABLE, "db.timeout");
    assert_ok(db_run(scope, db, &COUNT, NO_VALUES, &rows));
    db_close(&db);
    store_close(&store);
}

static void every_transaction_is_durable_and_read_committed(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    struct rows rows;
    assert_ok(db_run(scope, tx_db(tx), &SETTINGS, NO_VALUES, &rows));
    assert_str(rows_text(&rows, 0, 0), "on");
    assert_str(rows_text(&rows, 0, 1), "read committed");
    assert_str(rows_text(&rows, 0, 2), "off");
    tx_end(&tx);
    assert_ok(db_run(scope, d->db, &SETTINGS, NO_VALUES, &rows));
    assert_str(rows_text(&rows, 0, 2), "on");
}

static void sums_and_booleans_are_numbers(void **state) {
    struct database *d = *state;
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &SUM, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 9);
    assert_int_equal(rows_number(&rows, 0, 1), 1);
    assert_int_equal(rows_number(&rows, 0, 2), 0);
}

static void a_server_that_cannot_be_used_is_named(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    static const struct {
        const char *url;
        enum code code;
        const char *reason;
    } CASES[] = {
        {"postgresql://postgres@127.0.0.1:1/postgres", UNAVAILABLE, "db.open"},
        {"postgresql:///postgres?host=/nowhere/at/all", UNAVAILABLE, "db.open"},
        {"postgresql://h/x?no_such_option=1", INVALID, "db.url"},
        {"postgresql://[::1/x", INVALID, "db.url"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct store *store = NULL;
        const struct store_settings settings = {.url = str_from_c(CASES[i].url)};
        result r = store_open(scope, &settings, &store);
        struct db *db = NULL;
        if (is_ok(r)) {
            r = db_open(scope, store, &db);
        }
        assert_failed(r, scope, CASES[i].code, CASES[i].reason);
    }
}

static void a_database_that_is_not_there_is_named(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct str url =
        str_format(scope->arena, "%.*s&dbname=no_such_database", STR_ARG(d->url));
    struct store *store = NULL;
    const struct store_settings settings = {.url = url};
    assert_failed(store_open(scope, &settings, &store), scope, UNAVAILABLE, "db.missing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_POSTGRES(a_lost_connection_is_made_again_for_the_next_read),
        ON_POSTGRES(a_lost_connection_is_made_again_for_the_next_transaction),
        ON_POSTGRES(a_connection_lost_inside_a_transaction_ends_it),
        ON_POSTGRES(a_connection_lost_under_what_was_sent_commits_nothing),
        ON_POSTGRES(a_connection_lost_at_commit_leaves_the_outcome_open),
        ON_POSTGRES(a_statement_that_takes_too_long_is_cut_off),
        ON_POSTGRES(every_transaction_is_durable_and_read_committed),
        ON_POSTGRES(sums_and_booleans_are_numbers),
        ON_POSTGRES(a_server_that_cannot_be_used_is_named),
        ON_POSTGRES(a_database_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
