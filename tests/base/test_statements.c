#include "base/event_log.h"
#include "base/generation_store.h"
#include "base/job.h"
#include "base/migrate_store.h"

#include "tests/support/statement_checks.h"

static const struct statement_list *const LISTS[] = {&EVENT_LOG_STATEMENTS, &GENERATION_STATEMENTS,
                                                     &JOB_STATEMENTS, &MIGRATE_STATEMENTS};
enum { LIST_COUNT = sizeof LISTS / sizeof LISTS[0] };

static void every_statement_prepares(void **state) {
    statements_prepare(*state, LISTS, LIST_COUNT);
}

static void every_statement_keeps_its_tenancy(void **state) {
    static const char *const INSTALLATION_TABLES[] = {"job", NULL};
    statements_keep_tenancy(*state, LISTS, LIST_COUNT, INSTALLATION_TABLES);
}

static void live_columns_are_listed(void **state) {
    const struct rows columns = schema_columns(*state);
    assert_true(schema_has_column(&columns, "event", "payload"));
    assert_true(schema_has_column(&columns, "node", "applied"));
    assert_false(schema_has_column(&columns, "event", "org_id"));
    assert_false(schema_has_column(&columns, "schema_migration", "number"));
    assert_str(rows_text(&columns, 0, 0), "event");
    assert_str(rows_text(&columns, 0, 1), "stream");
}

static void a_tenant_statement_names_the_organisation_as_its_first_parameter(void **state) {
    (void) state;
    static const struct {
        bool is_good;
        struct statement statement;
    } CASES[] = {
        {true, {"a.a", TENANT, "SELECT x FROM t WHERE org_id = $1", NULL}},
        {true, {"a.b", TENANT, "SELECT x FROM t AS u WHERE u.org_id = $1 AND id = $2", NULL}},
        {true, {"a.c", TENANT, "INSERT INTO t(org_id, x) VALUES ($1, $2)", NULL}},
        {true, {"a.d", TENANT, "INSERT INTO t(org_id, x) SELECT $1, x FROM s", NULL}},
        {true, {"a.e", TENANT, "SELECT x FROM event WHERE stream = $1", NULL}},
        {true, {"a.f", CROSS_TENANT, "SELECT x FROM t", "the sweep of expired rows"}},
        {true, {"a.g", INSTALLATION, "SELECT x FROM node", NULL}},
        {false, {"b.a", TENANT, "SELECT x FROM t WHERE id = $1", NULL}},
        {false, {"b.b", TENANT, "SELECT x FROM t WHERE org_id = $2 AND id = $1", NULL}},
        {false, {"b.c", TENANT, "SELECT x FROM t WHERE org_id = $10", NULL}},
        {false, {"b.d", TENANT, "INSERT INTO t(id, org_id) VALUES ($1, $2)", NULL}},
        {false, {"b.e", TENANT, "INSERT INTO t(org_id, x) VALUES ($2, $1)", NULL}},
        {false, {"b.f", CROSS_TENANT, "SELECT x FROM t", NULL}},
        {false, {"b.g", CROSS_TENANT, "SELECT x FROM t", ""}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(statement_tenancy_fault(&CASES[i].statement) == NULL, CASES[i].is_good);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(every_statement_prepares),
        ON_BOTH(every_statement_keeps_its_tenancy),
        ON_BOTH(live_columns_are_listed),
        SENTENCE(a_tenant_statement_names_the_organisation_as_its_first_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
