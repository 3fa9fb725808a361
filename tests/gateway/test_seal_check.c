#include "gateway/seal_check_store.h"

#include "tests/support/on_both.h"

static const struct secret FIRST = {STR_INIT("0123456789abcdef0123456789abcdef")};
static const struct secret OTHER = {STR_INIT("0123456789abcdef0123456789abcdeF")};

static void the_first_key_is_the_key_of_the_database(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    assert_ok(seal_check(scope, d->db, FIRST));
    assert_ok(seal_check(scope, d->db, FIRST));
    assert_failed(seal_check(scope, d->db, OTHER), scope, CONFLICT, "secrets.wrong_key");
    assert_ok(seal_check(scope, d->db, FIRST));
}

/* A database that is away is no verdict on the key. */
static void without_the_database_there_is_no_verdict(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    assert_ok(seal_check(scope, d->db, FIRST));
    struct db_fault fault = {.fail_at = 1};
    db_set_fault(d->db, &fault);
    assert_failed(seal_check(scope, d->db, FIRST), scope, UNAVAILABLE, "db.unavailable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_first_key_is_the_key_of_the_database),
        ON_BOTH(without_the_database_there_is_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
