#include "tests/support/statement_checks.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PARAMETERS = 99 };

/* The highest $n. */
static size_t parameter_count(const char *sql) {
    size_t highest = 0;
    for (const char *at = strchr(sql, '$'); at != NULL; at = strchr(at + 1, '$')) {
        size_t number = 0;
        for (const char *digit = at + 1; isdigit((unsigned char) *digit); digit++) {
            number = number * 10 + (size_t) (*digit - '0');
        }
        highest = number > highest ? number : highest;
    }
    return highest;
}

/* EXPLAIN parses, resolves and plans the statement and touches no row. */
static void prepare(struct database *database, const struct statement *statement) {
    struct scope *scope = &database->fixture.scope;
    struct value values[MOST_PARAMETERS];
    const size_t count = parameter_count(statement->sql);
    assert_true(count <= MOST_PARAMETERS);
    for (size_t i = 0; i < count; i++) {
        values[i] = value_null();
    }
    const struct statement explained = {
        "", INSTALLATION, str_format(scope->arena, "EXPLAIN %s", statement->sql).at, NULL};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, database->db, LANE_NORMAL, &tx));
    if (!is_ok(tx_run(scope, tx, &explained, (struct values){values, count}, NULL))) {
        tx_end(&tx); /* before cmocka's jump, which cleans nothing up */
        fail_msg("%s does not prepare (%s): %s", statement->name, scope->reason, statement->sql);
    }
}

static void require_new_name(const struct statement_list *const *lists, size_t list, size_t at) {
    const char *name = lists[list]->statements[at]->name;
    for (size_t i = 0; i <= list; i++) {
        const size_t end = i == list ? at : lists[i]->count;
        for (size_t j = 0; j < end; j++) {
            if (strcmp(lists[i]->statements[j]->name, name) == 0) {
                fail_msg("two statements are called %s", name);
            }
        }
    }
}

void statements_prepare(struct database *database, const struct statement_list *const *lists,
                        size_t count) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < lists[i]->count; j++) {
            const struct statement *statement = lists[i]->statements[j];
            assert_true(statement->name[0] != '\0' && strchr(statement->name, '.') != NULL);
            require_new_name(lists, i, j);
            prepare(database, statement);
        }
    }
}

/* `text` followed by no further digit. */
static bool has_parameter(const char *sql, const char *text) {
    for (const char *at = strstr(sql, text); at != NULL; at = strstr(at + 1, text)) {
        if (!isdigit((unsigned char) at[strlen(text)])) {
            return true;
        }
    }
    return false;
}

/* INSERT INTO t(org_id, …) VALUES ($1, …) or … SELECT $1, … */
static bool inserts_tenant_first(const char *sql) {
    const char *columns = strchr(sql, '(');
    if (strncmp(sql, "INSERT INTO ", 12) != 0 || columns == NULL) {
        return false;
    }
    columns += 1 + strspn(columns + 1, " ");
    const bool is_first = strncmp(columns, "org_id", 6) == 0 || strncmp(columns, "stream", 6) == 0;
    return is_first && (has_parameter(sql, "VALUES ($1") || has_parameter(sql, "SELECT $1") ||
                        has_parameter(sql, "SELECT CAST($1"));
}

const char *statement_tenancy_fault(const struct statement *statement) {
    const char *sql = statement->sql;
    const bool has_why = statement->why != NULL && statement->why[0] != '\0';
    switch (statement->tenancy) {
    case TENANT:
        return has_parameter(sql, "org_id = $1") || has_parameter(sql, "stream = $1") ||
                       inserts_tenant_first(sql)
                   ? NULL
                   : "names no organisation: org_id = $1";
    case CROSS_TENANT: return has_why ? NULL : "does not say why it crosses organisations";
    case INSTALLATION: return NULL;
    }
    return "has no tenancy";
}

static bool is_word_byte(char byte) {
    return isalnum((unsigned char) byte) || byte == '_';
}

static bool has_word(const char *sql, const char *word) {
    const size_t len = strlen(word);
    for (const char *at = strstr(sql, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == sql || !is_word_byte(at[-1])) && !is_word_byte(at[len])) {
            return true;
        }
    }
    return false;
}

static bool is_listed(const char *name, const char *const *names) {
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0) {
            return true;
        }
    }
    return false;
}

static void require_installation_only(struct arena *arena, const struct statement *statement,
                                      const struct rows *columns,
                                      const char *const *installation_tables) {
    for (size_t i = 0; i < columns->count; i++) {
        if (!str_eq(rows_text(columns, i, 1), STR("org_id"))) {
            continue;
        }
        const char *table = str_format(arena, "%.*s", STR_ARG(rows_text(columns, i, 0))).at;
        if (!is_listed(table, installation_tables) && has_word(statement->sql, table)) {
            fail_msg("%s names %s, a tenants' table", statement->name, table);
        }
    }
}

void statements_keep_tenancy(struct database *database, const struct statement_list *const *lists,
                             size_t count, const char *const *installation_tables) {
    const struct rows columns = schema_columns(database);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < lists[i]->count; j++) {
            const struct statement *statement = lists[i]->statements[j];
            const char *fault = statement_tenancy_fault(statement);
            if (fault != NULL) {
                fail_msg("%s %s: %s", statement->name, fault, statement->sql);
            }
            if (statement->tenancy == INSTALLATION) {
                require_installation_only(database->fixture.scope.arena, statement, &columns,
                                          installation_tables);
            }
        }
    }
}

static const struct statement COLUMNS_SQLITE = {
    "", INSTALLATION,
    "SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c"
    " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'schema_migration'"
    " ORDER BY t.name, c.cid",
    NULL};

static const struct statement COLUMNS_POSTGRES = {
    "", INSTALLATION,
    "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND table_name <> 'schema_migration'"
    " ORDER BY CAST(table_name AS TEXT) COLLATE \"C\", ordinal_position",
    NULL};

struct rows schema_columns(struct database *database) {
    struct rows rows = {0};
    assert_ok(db_run(&database->fixture.scope, database->db,
                     database->engine == ENGINE_SQLITE ? &COLUMNS_SQLITE : &COLUMNS_POSTGRES,
                     NO_VALUES, &rows));
    return rows;
}

bool schema_has_column(const struct rows *columns, const char *table, const char *column) {
    for (size_t i = 0; i < columns->count; i++) {
        if (str_eq(rows_text(columns, i, 0), str_from_c(table)) &&
            str_eq(rows_text(columns, i, 1), str_from_c(column))) {
            return true;
        }
    }
    return false;
}
