/* Memberships are read by an index from both sides, in a group of 100,000. */
#include "tests/provisioning/teams.h"

#include <string.h>

#include "provisioning/scim/scim_group_store.h"
#include "provisioning/scim/scim_member_store.h"

enum { CROWD = 100000 };

static const struct statement EVERYBODY = {
    "test.everybody", TENANT,
    "INSERT INTO scim_group_member (org_id, group_id, member_id, user_id, added_us) SELECT $1, $2, "
    "u.id, u.id, 1 FROM org_user u WHERE u.org_id = $1",
    NULL};
static const struct statement ANALYZE = {"", CROSS_TENANT, "ANALYZE",
                                         "statistics of the test's own database"};

static const struct statement *statement_of(const struct statement_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->statements[i]->name, name) == 0) {
            return list->statements[i];
        }
    }
    fail_msg("no statement %s", name);
    return NULL;
}

static void assert_no_scan(const struct desk *desk, const struct statement *statement,
                           struct values values) {
    struct scope *scope = &desk->d->fixture.scope;
    const bool is_sqlite = desk->d->engine == ENGINE_SQLITE;
    const struct statement explain = {
        "", TENANT, text_of(desk, "EXPLAIN %s%s", is_sqlite ? "QUERY PLAN " : "", statement->sql),
        NULL};
    struct rows rows;
    assert_ok(db_run(scope, desk->d->db, &explain, values, &rows));
    assert_true(rows.count > 0);
    for (size_t i = 0; i < rows.count; i++) {
        const struct str line = rows_text(&rows, i, rows.columns - 1);
        const bool scans = is_sqlite ? str_find(line, STR("SCAN m")) >= 0 ||
                                           str_find(line, STR("SCAN d")) >= 0 ||
                                           str_find(line, STR("SCAN scim_group_member")) >= 0
                                     : str_find(line, STR("Seq Scan on scim_group_member")) >= 0;
        if (scans) {
            fail_msg("%s reads everything: %.*s", statement->name, STR_ARG(line));
        }
    }
}

static void f32_a7_hundred_thousand_members_are_read_by_index_from_both_sides(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    given_crowd(&desk, CROWD);
    given_row(desk.d, &EVERYBODY, VALUES(value_text(desk.actor.org_id), value_text(ops)));
    given_row(desk.d, &ANALYZE, NO_VALUES);
    const struct value org = value_text(desk.actor.org_id);
    const struct value member = value_text(STR("crowd-500"));

    assert_no_scan(&desk, statement_of(&SCIM_MEMBER_STATEMENTS, "scim_member.page"),
                   VALUES(org, value_text(ops), member, value_number(1000)));
    assert_no_scan(&desk, statement_of(&SCIM_MEMBER_STATEMENTS, "scim_member.has"),
                   VALUES(org, value_text(ops), member));
    assert_no_scan(&desk, statement_of(&SCIM_MEMBER_STATEMENTS, "scim_member.groups"),
                   VALUES(org, member, value_number(1000)));
    assert_no_scan(&desk, statement_of(&SCIM_MEMBER_STATEMENTS, "scim_member.groups_of"),
                   VALUES(org, member));
    assert_no_scan(&desk, statement_of(&SCIM_GROUP_STATEMENTS, "scim_group.page_member"),
                   VALUES(org, member, value_text(STR("")), value_number(100)));

    struct arena *arena = desk.d->fixture.scope.arena;
    const size_t before = arena_used(arena);
    assert_status(change_members(&desk, ops, "remove", "[value eq \\\"crowd-7\\\"]\""), 204);
    join(&desk, ops, STR("crowd-7"));
    assert_null(at(team_get(&desk, ops, "excludedAttributes=members").json, "members", NULL));
    assert_true(arena_used(arena) - before < 256 * 1024);
    assert_int_equal(size_of(&desk, ops), CROWD + 1);
    const struct reply whole = team_get(&desk, ops, "attributes=members.value");
    assert_int_equal(json_count(at(whole.json, "members", NULL)), CROWD + 1);
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(f32_a7_hundred_thousand_members_are_read_by_index_from_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
