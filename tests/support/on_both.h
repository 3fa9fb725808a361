#pragma once
/* Runs a test on SQLite and on PostgreSQL, each time in an empty database of its own with the
 * migrations applied. `*state` is a struct database, which begins with a struct fixture.
 *
 *     static void a_test(void **state) {
 *         struct database *d = *state;
 *         assert_ok(db_run(&d->fixture.scope, d->db, …));
 *     }
 *     int main(void) {
 *         static const struct migration_list *const LISTS[] = {&BASE_MIGRATIONS, …};
 *         on_both_use(LISTS, 2);
 *         const struct CMUnitTest tests[] = {ON_BOTH(a_test), ON_SQLITE(…), ON_POSTGRES(…)};
 *         return cmocka_run_group_tests(tests, NULL, on_both_stop);
 *     }
 *
 * TEST_POSTGRES_URL names a PostgreSQL server (a URL); without it the test program starts a private
 * one at the first test that wants it. */

#include "base/base_schema.h"
#include "base/db.h"
#include "base/migrate.h"
#include "tests/support/fixture.h"

struct database {
    struct fixture fixture; /* first */
    enum engine engine;
    struct str url;
    char folder[64]; /* SQLite: of its file */
    char schema[64]; /* PostgreSQL */
    struct store *store;
    struct db *db;
    bool is_missing; /* there is no PostgreSQL */
    CMUnitTestFunction test;
};

struct on_both_case {
    CMUnitTestFunction test;
};

/* Which migrations; BASE_MIGRATIONS when never called. Kept by reference. */
void on_both_use(const struct migration_list *const *lists, size_t count);
/* The same lists, copied by value: what migrate_run takes. */
size_t on_both_lists(const struct migration_list **ret);
/* Group tear-down: stops the private server. */
int on_both_stop(void **state);

int on_both_setup_sqlite(void **state);
int on_both_setup_postgres(void **state);
int on_both_teardown(void **state);
void on_both_run(void **state);

/* Another connection to the same database; closed by the caller. */
struct db *database_connect(struct database *database);

#define ON_ENGINE_(test_, name_, setup_)                                                           \
    {                                                                                              \
#test_ name_, on_both_run, setup_, on_both_teardown, &(struct on_both_case) {              \
            test_                                                                                  \
        }                                                                                          \
    }
#define ON_SQLITE(test)   ON_ENGINE_(test, " (SQLite)", on_both_setup_sqlite)
#define ON_POSTGRES(test) ON_ENGINE_(test, " (PostgreSQL)", on_both_setup_postgres)
#define ON_BOTH(test)     ON_SQLITE(test), ON_POSTGRES(test)
