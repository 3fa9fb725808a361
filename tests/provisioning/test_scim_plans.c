/* What providers match people by reads an index and nothing else, in an organisation of 100,000. */
#include "tests/provisioning/desk.h"

#include <stdio.h>
#include <string.h>

#include "provisioning/scim/scim_user_store.h"

/* $2: how many are there already. Ten thousand at a time, within any statement's time. */
#define CROWD                                                                                      \
    "WITH RECURSIVE n (i) AS (SELECT $2 + 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2 + 10000) "

static const struct statement PEOPLE = {
    "test.crowd", TENANT,
    "INSERT INTO org_user (org_id, id, user_name, name_key, display_name, display_key, email, "
    "email_key, state, role, is_directory_managed, epoch, revoked_seq, created_us, changed_us, "
    "seen_us) " CROWD
    "SELECT $1, 'crowd-' || i, 'crowd' || i, 'crowd' || i, 'Name' || i, 'name' || i, 'm' || i || "
    "'@x.test', 'm' || i || '@x.test', 'active', 'member', 1, 1, 0, 1, 1, 0 FROM n",
    NULL};
/* Every second one was written by a directory. */
static const struct statement WRITTEN = {
    "test.written", TENANT,
    "INSERT INTO scim_user (org_id, id, user_id, connection_id, external_id, display_key, "
    "attributes, version, is_live, created_us, changed_us) " CROWD
    "SELECT $1, 'crowd-' || i, 'crowd-' || i, 'connection-1', 'e' || i, 'name' || i, "
    "'{\"title\":\"staff\"}', 1, 1, 1, 1 FROM n WHERE i % 2 = 0",
    NULL};
static const struct statement ADDRESSES = {
    "test.addresses", TENANT,
    "INSERT INTO scim_email (org_id, scim_id, position, user_id, value_key, type_key) " CROWD
    "SELECT $1, 'crowd-' || i, 0, 'crowd-' || i, 'm' || i || '@x.test', 'work' FROM n "
    "WHERE i % 2 = 0",
    NULL};
static const struct statement ANALYZE = {"", CROSS_TENANT, "ANALYZE",
                                         "statistics of the test's own database"};

static struct desk given_crowd(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str org_id = desk.actor.org_id;
    for (int64_t there = 0; there < 100000; there += 10000) {
        given_row(desk.d, &PEOPLE, VALUES(value_text(org_id), value_number(there)));
        given_row(desk.d, &WRITTEN, VALUES(value_text(org_id), value_number(there)));
        given_row(desk.d, &ADDRESSES, VALUES(value_text(org_id), value_number(there)));
    }
    given_row(desk.d, &ANALYZE, NO_VALUES);
    return desk;
}

/* The keys of each search, as many as its statement takes. */
static const struct {
    const char *name;
    const char *a, *b;
} MATCHED_BY[] = {
    {"key", "crowd-500", NULL},        {"id", "crowd-500", NULL},
    {"user_name", "crowd500", NULL},   {"external_id", "connection-1", "e500"},
    {"email", "m500@x.test", NULL},    {"typed_email", "m500@x.test", "work"},
    {"display_name", "name500", NULL},
};

static const struct statement *statement_of(const char *kind, const char *name) {
    char wanted[64];
    (void) snprintf(wanted, sizeof wanted, "scim_user.%s_%s", kind, name);
    for (size_t i = 0; i < SCIM_USER_STATEMENTS.count; i++) {
        if (strcmp(SCIM_USER_STATEMENTS.statements[i]->name, wanted) == 0) {
            return SCIM_USER_STATEMENTS.statements[i];
        }
    }
    fail_msg("no statement %s", wanted);
    return NULL;
}

/* One text: the lines of the plan. */
static struct str plan_of(const struct desk *desk, const struct statement *statement,
                          struct values values) {
    struct scope *scope = &desk->d->fixture.scope;
    const bool is_sqlite = desk->d->engine == ENGINE_SQLITE;
    const struct statement explain = {
        "", TENANT,
        str_format(scope->arena, "EXPLAIN %s%s", is_sqlite ? "QUERY PLAN " : "", statement->sql).at,
        NULL};
    struct rows rows;
    assert_ok(db_run(scope, desk->d->db, &explain, values, &rows));
    struct strbuf buf = strbuf_begin(scope->arena, 65536);
    for (size_t i = 0; i < rows.count; i++) {
        strbuf_add(&buf, rows_text(&rows, i, rows.columns - 1));
        strbuf_add_byte(&buf, '\n');
    }
    return strbuf_str(&buf);
}

static void assert_no_scan(const struct desk *desk, const char *name, struct str plan) {
    const bool scans = desk->d->engine == ENGINE_SQLITE ? str_find(plan, STR("SCAN ")) >= 0
                                                        : str_find(plan, STR("Seq Scan")) >= 0;
    assert_true(plan.len > 0);
    if (scans) {
        fail_msg("%s reads everything:\n%.*s", name, STR_ARG(plan));
    }
}

static void matching_reads_an_index(const struct desk *desk) {
    for (size_t i = 0; i < sizeof MATCHED_BY / sizeof MATCHED_BY[0]; i++) {
        struct value values[5] = {value_text(desk->actor.org_id),
                                  value_text(str_from_c(MATCHED_BY[i].a))};
        size_t count = 2;
        if (MATCHED_BY[i].b != NULL) {
            values[count++] = value_text(str_from_c(MATCHED_BY[i].b));
        }
        const struct str counting = plan_of(desk, statement_of("count", MATCHED_BY[i].name),
                                            (struct values){values, count});
        values[count++] = value_text(STR(""));
        values[count++] = value_number(100);
        const struct str page =
            plan_of(desk, statement_of("page", MATCHED_BY[i].name), (struct values){values, count});
        assert_no_scan(desk, MATCHED_BY[i].name, page);
        assert_no_scan(desk, MATCHED_BY[i].name, counting);
    }
    /* the check sees a scan when there is one */
    const struct statement scan = {
        "", TENANT, "SELECT id FROM org_user WHERE org_id = $1 AND display_name || '' = $2", NULL};
    const struct str plan =
        plan_of(desk, &scan, VALUES(value_text(desk->actor.org_id), value_text(STR("x"))));
    assert_true(desk->d->engine == ENGINE_SQLITE || str_find(plan, STR("Seq Scan")) >= 0);
}

/* A page far behind is sought by its key, not read up to. */
static void a_page_behind_a_key_reads_the_page(const struct desk *desk) {
    const struct str plan = plan_of(
        desk, statement_of("page", "all"),
        VALUES(value_text(desk->actor.org_id), value_text(STR("crowd-9")), value_number(100)));
    assert_no_scan(desk, "a page", plan);
    const bool sorts = str_find(plan, STR("TEMP B-TREE")) >= 0;
    assert_false(sorts);
}

static int64_t found(const struct desk *desk, const char *query) {
    const struct reply reply = list(desk, query);
    assert_status(reply, 200);
    return json_as_integer(at(reply.json, "totalResults", NULL));
}

static void each_match_finds_its_one_among_many(const struct desk *desk) {
    static const char *const queries[] = {
        "filter=id+eq+%22crowd-500%22",
        "filter=userName+eq+%22CROWD500%22",
        "filter=userName+eq+%22crowd501%22&startIndex=1&count=100", /* OK1 */
        "filter=externalId+eq+%22e500%22",
        "filter=emails.value+eq+%22M500@x.test%22",
        "filter=emails+eq+%22m501@x.test%22",
        "filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22m500@x.test%22",
        "filter=emails%5Bvalue+eq+%22m501@x.test%22+and+type+eq+%22work%22%5D",
        "filter=emails%5Bvalue+eq+%22m500@x.test%22%5D",
        "filter=displayName+eq+%22name501%22",
        "filter=userName+eq+%22crowd500%22+and+active+eq+true+and+title+eq+%22staff%22",
        "filter=active+eq+true+and+title+eq+%22staff%22+and+userName+eq+%22crowd500%22",
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        if (found(desk, queries[i]) != 1) {
            fail_msg("%s", queries[i]);
        }
    }
    assert_int_equal(found(desk, "startIndex=99990&count=5"), 100001);
    const struct reply refused = list(desk, "filter=title+eq+%22staff%22"); /* L15 */
    assert_error(&refused, 400, "tooMany");
    const struct reply unsorted = list(desk, "sortBy=userName");
    assert_error(&unsorted, 400, "tooMany");
}

/* What index paging refuses, a cursor answers in pieces. */
static void a_cursor_compares_an_organisation_of_any_size(const struct desk *desk) {
    struct arena *arena = desk->d->fixture.scope.arena;
    struct str cursor = STR("");
    int64_t people = 0;
    int pages = 0;
    do {
        const struct reply reply =
            list(desk, str_format(arena, "filter=userName+ew+%%22000%%22&attributes=id&cursor=%.*s",
                                  STR_ARG(cursor))
                           .at);
        assert_status(reply, 200);
        people += json_as_integer(at(reply.json, "itemsPerPage", NULL));
        cursor = text_at(&reply, "nextCursor");
        pages++;
    } while (cursor.len > 0 && pages < 100);
    assert_int_equal(people, 100);
    assert_int_equal(pages, 5); /* each of 20,001 that were compared */
}

static void f28_l13_k3_hundred_thousand_people_are_found_by_index_and_listed_by_cursor(
    void **state) {
    const struct desk desk = given_crowd(state);
    matching_reads_an_index(&desk);
    a_page_behind_a_key_reads_the_page(&desk);
    each_match_finds_its_one_among_many(&desk);
    a_cursor_compares_an_organisation_of_any_size(&desk);
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(f28_l13_k3_hundred_thousand_people_are_found_by_index_and_listed_by_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
