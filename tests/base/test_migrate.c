#include "base/migrate.h"

#include "tests/support/on_both.h"

static const char *const FIRST[] = {"CREATE TABLE first (id TEXT NOT NULL PRIMARY KEY)",
                                    "INSERT INTO first(id) VALUES ('once')", NULL};
static const char *const SECOND[] = {"ALTER TABLE first ADD COLUMN size BIGINT", NULL};
static const char *const BROKEN[] = {"CREATE TABLE third (id TEXT)", "CREATE TABLE nonsense", NULL};

static const struct migration STEPS[] = {{901, "first", FIRST}, {902, "second", SECOND}};
static const struct migration BROKEN_STEP[] = {{903, "broken", BROKEN}};

static const struct statement SIZES = {"first.sizes", INSTALLATION, "SELECT id, size FROM first",
                                       NULL};
static const struct statement THIRD = {"third.all", INSTALLATION, "SELECT id FROM third", NULL};

static result run(struct database *d, const struct migration *steps, size_t count,
                  int *ret_applied) {
    const struct migration_list lists[] = {{steps, count}, BASE_MIGRATIONS};
    return migrate_run(&d->fixture.scope, d->db, lists, 2, ret_applied);
}

static result check(struct database *d, size_t count) {
    const struct migration_list lists[] = {{STEPS, count}, BASE_MIGRATIONS};
    return migrate_check(&d->fixture.scope, d->db, lists, 2);
}

static void what_is_missing_is_applied_once_and_in_order(void **state) {
    struct database *d = *state;
    int applied = -1;
    assert_ok(run(d, STEPS, 1, &applied));
    assert_int_equal(applied, 1);
    assert_ok(run(d, STEPS, 2, &applied));
    assert_int_equal(applied, 1);
    assert_ok(run(d, STEPS, 2, &applied));
    assert_int_equal(applied, 0);
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &SIZES, NO_VALUES, &rows));
    assert_int_equal(rows.count, 1);
}

static void a_database_behind_is_told_from_one_up_to_date(void **state) {
    struct database *d = *state;
    int applied = 0;
    assert_ok(run(d, STEPS, 1, &applied));
    assert_ok(check(d, 1));
    assert_failed(check(d, 2), &d->fixture.scope, UNAVAILABLE, "migrate.behind");
    assert_ok(run(d, STEPS, 2, &applied));
    assert_ok(check(d, 2));
}

static void a_database_newer_than_the_program_is_refused(void **state) {
    struct database *d = *state;
    int applied = 0;
    assert_ok(run(d, STEPS, 2, &applied));
    assert_failed(run(d, STEPS, 1, &applied), &d->fixture.scope, CONFLICT, "migrate.newer");
    assert_failed(check(d, 1), &d->fixture.scope, CONFLICT, "migrate.newer");
}

static void a_migration_that_fails_leaves_nothing(void **state) {
    struct database *d = *state;
    int applied = -1;
    assert_failed(run(d, BROKEN_STEP, 1, &applied), &d->fixture.scope, INTERNAL, "db.statement");
    assert_int_equal(applied, -1);
    assert_failed(db_run(&d->fixture.scope, d->db, &THIRD, NO_VALUES, NULL), &d->fixture.scope,
                  INTERNAL, "db.statement");
    assert_ok(check(d, 0));
}

static const struct statement FORGET = {"", INSTALLATION, "DROP TABLE schema_migration", NULL};

static void a_database_without_migrations_is_behind(void **state) {
    struct database *d = *state;
    struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    assert_ok(tx_run(&d->fixture.scope, tx, &FORGET, NO_VALUES, NULL));
    assert_ok(tx_commit(&d->fixture.scope, tx));
    tx_end(&tx);
    assert_failed(check(d, 0), &d->fixture.scope, UNAVAILABLE, "migrate.behind");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(what_is_missing_is_applied_once_and_in_order),
        ON_BOTH(a_database_behind_is_told_from_one_up_to_date),
        ON_BOTH(a_database_newer_than_the_program_is_refused),
        ON_BOTH(a_migration_that_fails_leaves_nothing),
        ON_BOTH(a_database_without_migrations_is_behind),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
