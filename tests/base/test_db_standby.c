/* A standby that does not answer. The setting is the whole server's, so this program always has a
 * server of its own, whatever the others share. */

#include <pthread.h>
#include <stdlib.h>

#include "tests/support/on_both.h"

static const struct statement PUT = {"test.put", INSTALLATION,
                                     "INSERT INTO installation(key, value) VALUES ($1, '')", NULL};
static const struct statement COUNT = {"test.count", INSTALLATION,
                                       "SELECT count(*) FROM installation", NULL};

static int64_t count_rows(struct database *d) {
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &COUNT, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0);
}

static const struct statement WANT_STANDBY = {
    "", INSTALLATION, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", NULL};
static const struct statement WANT_NONE = {"", INSTALLATION,
                                           "ALTER SYSTEM RESET synchronous_standby_names", NULL};
static const struct statement RELOAD = {"", INSTALLATION, "SELECT CAST(pg_reload_conf() AS TEXT)",
                                        NULL};
static const struct statement STANDBY = {
    "", INSTALLATION, "SELECT current_setting('synchronous_standby_names')", NULL};
static const struct statement CANCEL_WAITING = {
    "", INSTALLATION,
    "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
    NULL};

static void set_standby(struct database *d, struct db *db, const struct statement *change,
                        const char *expected) {
    struct scope *scope = &d->fixture.scope;
    struct rows rows;
    assert_ok(db_run(scope, db, change, NO_VALUES, &rows));
    assert_ok(db_run(scope, db, &RELOAD, NO_VALUES, &rows));
    /* Each backend reads the file on its own: the one that commits has to have seen it, too. */
    do {
        assert_ok(db_run(scope, db, &STANDBY, NO_VALUES, &rows));
    } while (!str_eq(rows_text(&rows, 0, 0), str_from_c(expected)));
    do {
        assert_ok(db_run(scope, d->db, &STANDBY, NO_VALUES, &rows));
    } while (!str_eq(rows_text(&rows, 0, 0), str_from_c(expected)));
}

struct committer {
    struct fixture fixture;
    struct db *db;
    result outcome;
};

static void *commit_one(void *self) {
    struct committer *committer = self;
    struct scope *scope = &committer->fixture.scope;
    struct tx *tx = NULL;
    committer->outcome = tx_begin(scope, committer->db, LANE_NORMAL, &tx);
    if (is_ok(committer->outcome)) {
        committer->outcome = tx_run(scope, tx, &PUT, VALUES(value_text(STR("unsafe"))), NULL);
    }
    if (is_ok(committer->outcome)) {
        committer->outcome = tx_commit(scope, tx);
    }
    tx_end(&tx);
    return NULL;
}

/* The server writes the commit, gives up on the standby and says so in a warning only. */
static void a_commit_that_no_standby_confirmed_is_uncertain(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct db *watcher = database_connect(d);
    struct committer committer = {.db = d->db};
    fixture_open(&committer.fixture);
    set_standby(d, watcher, &WANT_STANDBY, "nobody");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, commit_one, &committer), 0);
    struct rows rows;
    do {
        assert_ok(db_run(scope, watcher, &CANCEL_WAITING, NO_VALUES, &rows));
    } while (rows_number(&rows, 0, 0) == 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    set_standby(d, watcher, &WANT_NONE, "");
    db_close(&watcher);

    assert_failed(committer.outcome, &committer.fixture.scope, UNAVAILABLE, "db.commit_uncertain");
    fixture_close(&committer.fixture);
    assert_int_equal(count_rows(d), 1);
}

int main(void) {
    (void) unsetenv("TEST_POSTGRES_URL");
    const struct CMUnitTest tests[] = {
        ON_POSTGRES(a_commit_that_no_standby_confirmed_is_uncertain),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
