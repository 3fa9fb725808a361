/* Every SQL text of messaging and identity, and the registry of their tables, against the live
 * schema of both engines. */

#include "base/event_log.h"
#include "base/job.h"
#include "identity/connection_schema.h"
#include "identity/identity_schema.h"
#include "identity/saml/saml_schema.h"
#include "messaging/schema.h"
#include "tests/support/on_both.h"

#include <stdio.h>
#include <string.h>

enum { MAX_LISTS = 32, MAX_VALUES = 24, MAX_TABLES = 64 };

struct all_statements {
    const struct statement_list *lists[MAX_LISTS];
    size_t count;
};

static struct all_statements all(void) {
    struct all_statements all = {{&EVENT_LOG_STATEMENTS, &JOB_STATEMENTS}, 2};
    for (size_t i = 0; i < MESSAGING_STATEMENTS_COUNT; i++) {
        all.lists[all.count++] = MESSAGING_STATEMENTS[i];
    }
    for (size_t i = 0; i < IDENTITY_STATEMENTS_COUNT; i++) {
        all.lists[all.count++] = IDENTITY_STATEMENTS[i];
    }
    for (size_t i = 0; i < CONNECTION_STATEMENT_LISTS_COUNT; i++) {
        all.lists[all.count++] = CONNECTION_STATEMENT_LISTS[i];
    }
    for (size_t i = 0; i < SAML_STATEMENT_LISTS_COUNT; i++) {
        all.lists[all.count++] = SAML_STATEMENT_LISTS[i];
    }
    assert_in_range(all.count, 10, MAX_LISTS);
    return all;
}

static void for_each_statement(void (*visit)(struct database *d, const struct statement *s),
                               struct database *d) {
    const struct all_statements lists = all();
    for (size_t i = 0; i < lists.count; i++) {
        for (size_t j = 0; j < lists.lists[i]->count; j++) {
            visit(d, lists.lists[i]->statements[j]);
        }
    }
}

static size_t parameters_of(const char *sql) {
    size_t highest = 0;
    for (const char *at = strchr(sql, '$'); at != NULL; at = strchr(at + 1, '$')) {
        const size_t digit = (size_t) (at[1] - '0');
        const bool is_two = at[2] >= '0' && at[2] <= '9';
        const size_t number = is_two ? digit * 10 + (size_t) (at[2] - '0') : digit;
        highest = number > highest ? number : highest;
    }
    assert_in_range(highest, 0, MAX_VALUES);
    return highest;
}

/* EXPLAIN has the engine parse, name and type everything without running it. */
static void explain(struct database *d, const struct statement *statement) {
    struct arena *arena = d->fixture.scope.arena;
    const struct statement explained = {
        str_format(arena, "explain.%s%c", statement->name, 0).at, INSTALLATION,
        str_format(arena, "EXPLAIN %s%c", statement->sql, 0).at, NULL};
    const struct value nothing[MAX_VALUES] = {{VALUE_NULL, 0, {"", 0}}};
    const struct values values = {nothing, parameters_of(statement->sql)};
    struct rows rows;
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    const result r = tx_run(&d->fixture.scope, tx, &explained, values, &rows);
    if (!is_ok(r)) {
        fail_msg("%s: %s", statement->name, d->fixture.scope.reason);
    }
}

static void every_statement_is_understood_by_the_engine(void **state) {
    for_each_statement(explain, *state);
}

static void check_name(struct database *d, const struct statement *statement) {
    (void) d;
    const struct all_statements lists = all();
    size_t seen = 0;
    for (size_t i = 0; i < lists.count; i++) {
        for (size_t j = 0; j < lists.lists[i]->count; j++) {
            seen += strcmp(lists.lists[i]->statements[j]->name, statement->name) == 0;
        }
    }
    if (seen != 1) {
        fail_msg("%s: the name is used %zu times", statement->name, seen);
    }
}

static void every_statement_has_a_name_of_its_own(void **state) {
    (void) state;
    for_each_statement(check_name, NULL);
}

static bool has_word(const char *sql, const char *word) {
    const size_t len = strlen(word);
    for (const char *at = strstr(sql, word); at != NULL; at = strstr(at + 1, word)) {
        const char before = at == sql ? ' ' : at[-1];
        if ((before == ' ' || before == '(') && strchr(" (,)", at[len]) != NULL) {
            return true;
        }
    }
    return false;
}

struct registry {
    const struct table_rule_list *lists[4];
};

static const struct registry REGISTRY = {
    {&MESSAGING_TABLES, &IDENTITY_TABLES, &CONNECTION_TABLES, &SAML_TABLES}};

static bool touches_tenant_table(const char *sql) {
    for (size_t i = 0; i < sizeof REGISTRY.lists / sizeof *REGISTRY.lists; i++) {
        for (size_t j = 0; j < REGISTRY.lists[i]->count; j++) {
            const struct table_rule *rule = &REGISTRY.lists[i]->rules[j];
            if (rule->owner_column != NULL && has_word(sql, rule->table)) {
                return true;
            }
        }
    }
    return false;
}

/* Either bound to the organisation in $1, or inserting it as the first value. */
static bool is_bound(const char *sql) {
    return strstr(sql, "org_id = $1") != NULL ||
           (strncmp(sql, "INSERT INTO ", 12) == 0 && strstr(sql, " (org_id, ") != NULL &&
            strstr(sql, "VALUES ($1, ") != NULL);
}

static void check_tenancy(struct database *d, const struct statement *statement) {
    (void) d;
    const bool is_tenants = touches_tenant_table(statement->sql);
    if (statement->tenancy == TENANT && !is_bound(statement->sql)) {
        fail_msg("%s is not bound to an organisation", statement->name);
    }
    if (statement->tenancy == INSTALLATION && is_tenants) {
        fail_msg("%s touches a tenant's table", statement->name);
    }
    if (statement->tenancy == CROSS_TENANT && (!is_tenants || statement->why == NULL)) {
        fail_msg("%s does not say why it may see all organisations", statement->name);
    }
}

/* The streams of the event log name the organisation `stream`, and jobs may belong to none: base
 * answers for both. */
static void every_statement_on_a_tenants_table_is_bound_to_the_organisation(void **state) {
    (void) state;
    const struct all_statements lists = all();
    for (size_t i = 0; i < lists.count; i++) {
        if (lists.lists[i] == &EVENT_LOG_STATEMENTS || lists.lists[i] == &JOB_STATEMENTS) {
            continue;
        }
        for (size_t j = 0; j < lists.lists[i]->count; j++) {
            check_tenancy(NULL, lists.lists[i]->statements[j]);
        }
    }
}

static const struct table_rule *rule_of(struct str table) {
    for (size_t i = 0; i < sizeof REGISTRY.lists / sizeof *REGISTRY.lists; i++) {
        for (size_t j = 0; j < REGISTRY.lists[i]->count; j++) {
            if (str_eq(table, str_from_c(REGISTRY.lists[i]->rules[j].table))) {
                return &REGISTRY.lists[i]->rules[j];
            }
        }
    }
    return NULL;
}

static const struct statement SQLITE_COLUMNS = {
    "test.columns", INSTALLATION,
    "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2",
    NULL};
static const struct statement POSTGRES_COLUMNS = {
    "test.columns", INSTALLATION,
    "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema() ORDER BY 1, 2",
    NULL};

static void read_columns(struct database *d, struct rows *ret) {
    assert_ok(db_run(&d->fixture.scope, d->db,
                     d->engine == ENGINE_SQLITE ? &SQLITE_COLUMNS : &POSTGRES_COLUMNS, NO_VALUES,
                     ret));
    assert_true(ret->count > 50);
}

/* Tables of base: schema, events, jobs, generation. They hold ids or payloads whose owner is named
 * in the row. */
static bool is_of_base(struct str table) {
    static const char *const BASE[] = {"event",        "event_head", "job",
                                       "installation", "node",       "schema_migration"};
    for (size_t i = 0; i < sizeof BASE / sizeof *BASE; i++) {
        if (str_eq(table, str_from_c(BASE[i]))) {
            return true;
        }
    }
    return false;
}

static void every_table_with_an_owner_has_its_row_in_the_registry(void **state) {
    struct database *d = *state;
    struct rows columns;
    read_columns(d, &columns);
    for (size_t i = 0; i < columns.count; i++) {
        const struct str table = rows_text(&columns, i, 0);
        const struct str column = rows_text(&columns, i, 1);
        const struct table_rule *rule = rule_of(table);
        if (rule == NULL && !is_of_base(table)) {
            fail_msg("%.*s has no row in the registry", STR_ARG(table));
        }
        const bool is_users = str_eq(column, STR("user_id")) || str_eq(column, STR("owner_id")) ||
                              str_eq(column, STR("sender_id"));
        if (rule != NULL && is_users && rule->user_column == NULL) {
            fail_msg("%.*s.%.*s: the registry names no person's column", STR_ARG(table),
                     STR_ARG(column));
        }
    }
}

static bool has_column(const struct rows *columns, const char *table, struct str column) {
    for (size_t i = 0; i < columns->count; i++) {
        if (str_eq(rows_text(columns, i, 0), str_from_c(table)) &&
            str_eq(rows_text(columns, i, 1), column)) {
            return true;
        }
    }
    return false;
}

static void check_rule(const struct rows *columns, const struct table_rule *rule) {
    struct str rest = str_from_c(rule->key_columns);
    while (!str_is_empty(rest)) {
        struct str key;
        rest = str_split(rest, ',', &key);
        if (!has_column(columns, rule->table, str_trim_blanks(key))) {
            fail_msg("%s has no column %.*s", rule->table, STR_ARG(key));
        }
    }
    if (rule->owner_column != NULL) {
        assert_true(has_column(columns, rule->table, str_from_c(rule->owner_column)));
        assert_true(str_has_prefix(str_from_c(rule->key_columns), STR("org_id")));
    }
    if (rule->user_column != NULL) {
        assert_true(has_column(columns, rule->table, str_from_c(rule->user_column)));
    }
    assert_non_null(rule->retention);
    assert_int_equal(rule->erase != ERASE_DELETE, rule->keep_reason != NULL);
}

static void every_row_of_the_registry_describes_a_table_that_exists(void **state) {
    struct database *d = *state;
    struct rows columns;
    read_columns(d, &columns);
    for (size_t i = 0; i < sizeof REGISTRY.lists / sizeof *REGISTRY.lists; i++) {
        for (size_t j = 0; j < REGISTRY.lists[i]->count; j++) {
            check_rule(&columns, &REGISTRY.lists[i]->rules[j]);
        }
    }
}

static void every_credential_of_a_person_says_what_becomes_of_it(void **state) {
    (void) state;
    for (size_t i = 0; i < sizeof REGISTRY.lists / sizeof *REGISTRY.lists; i++) {
        for (size_t j = 0; j < REGISTRY.lists[i]->count; j++) {
            const struct table_rule *rule = &REGISTRY.lists[i]->rules[j];
            const bool is_kept = strcmp(rule->table, "local_password") == 0;
            if (rule->data_class == DATA_CREDENTIAL && rule->user_column != NULL && !is_kept) {
                assert_non_null(rule->on_deactivation);
            }
        }
    }
}

int main(void) {
    static const struct migration_list *const MIGRATED[] = {
        &BASE_MIGRATIONS, &MESSAGING_MIGRATIONS, &IDENTITY_MIGRATIONS, &CONNECTION_MIGRATIONS,
        &SAML_MIGRATIONS};
    on_both_use(MIGRATED, 5);
    const struct CMUnitTest tests[] = {
        ON_BOTH(every_statement_is_understood_by_the_engine),
        SENTENCE(every_statement_has_a_name_of_its_own),
        SENTENCE(every_statement_on_a_tenants_table_is_bound_to_the_organisation),
        ON_BOTH(every_table_with_an_owner_has_its_row_in_the_registry),
        ON_BOTH(every_row_of_the_registry_describes_a_table_that_exists),
        SENTENCE(every_credential_of_a_person_says_what_becomes_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
