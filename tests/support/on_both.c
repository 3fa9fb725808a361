#include "tests/support/on_both.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/peer.h"
#include "tests/support/postgres_server.h"

static const struct migration_list *const DEFAULT[] = {&BASE_MIGRATIONS};

enum { MAX_LISTS = 8 };

static struct {
    const struct migration_list *const *lists;
    size_t count;
    struct migration_list copied[MAX_LISTS];
} chosen = {DEFAULT, 1, {{NULL, 0}}};

void on_both_use(const struct migration_list *const *lists, size_t count) {
    chosen.lists = lists;
    chosen.count = count;
}

size_t on_both_lists(const struct migration_list **ret) {
    assert_true(chosen.count <= MAX_LISTS);
    for (size_t i = 0; i < chosen.count; i++) {
        chosen.copied[i] = *chosen.lists[i];
    }
    *ret = chosen.copied;
    return chosen.count;
}

static struct database *database_new(void **state, enum engine engine) {
    struct database *database = calloc(1, sizeof *database);
    if (database == NULL) {
        abort();
    }
    fixture_open(&database->fixture);
    database->engine = engine;
    database->test = ((const struct on_both_case *) *state)->test;
    *state = database;
    return database;
}

static int open_and_migrate(struct database *database) {
    struct scope *scope = &database->fixture.scope;
    const struct store_settings settings = {.url = database->url};
    const struct migration_list *lists = NULL;
    const size_t count = on_both_lists(&lists);
    int applied = 0;
    result r = store_open(scope, &settings, &database->store);
    if (is_ok(r)) {
        r = db_open(scope, database->store, &database->db);
    }
    if (is_ok(r)) {
        r = migrate_run(scope, database->db, lists, count, &applied);
    }
    if (!is_ok(r)) {
        (void) fprintf(stderr, "no database: %s\n", scope->reason);
        return -1;
    }
    return 0;
}

int on_both_setup_sqlite(void **state) {
    struct database *database = database_new(state, ENGINE_SQLITE);
    const char *parent = getenv("TMPDIR");
    (void) snprintf(database->folder, sizeof database->folder, "%s/gatehouse-test-XXXXXX",
                    parent == NULL ? "/tmp" : parent);
    if (mkdtemp(database->folder) == NULL) {
        return -1;
    }
    database->url =
        str_format(database->fixture.scope.arena, "sqlite:%s/test.db", database->folder);
    return open_and_migrate(database);
}

/* Without a server the test is skipped, in CI it fails: see on_both_run. */
int on_both_setup_postgres(void **state) {
    struct database *database = database_new(state, ENGINE_POSTGRES);
    char url[512];
    if (!postgres_schema_new(database->schema, sizeof database->schema, url, sizeof url)) {
        database->is_missing = true;
        return 0;
    }
    database->url = str_format(database->fixture.scope.arena, "%s", url);
    return open_and_migrate(database);
}

static void remove_folder(const char *folder) {
    DIR *list = opendir(folder);
    if (list == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        if (entry->d_name[0] != '.') {
            (void) unlinkat(dirfd(list), entry->d_name, 0);
        }
    }
    (void) closedir(list);
    (void) rmdir(folder);
}

int on_both_teardown(void **state) {
    struct database *database = *state;
    db_close(&database->db);
    store_close(&database->store);
    if (database->folder[0] != '\0') {
        remove_folder(database->folder);
    }
    if (database->schema[0] != '\0' && !database->is_missing) {
        postgres_schema_drop(database->schema);
    }
    fixture_close(&database->fixture);
    free(database);
    return 0;
}

void on_both_run(void **state) {
    const struct database *database = *state;
    if (database->is_missing) {
        peer_missing("no PostgreSQL: apt-get install postgresql-15, or set TEST_POSTGRES_URL");
    }
    database->test(state);
}

struct db *database_connect(struct database *database) {
    struct db *db = NULL;
    assert_ok(db_open(&database->fixture.scope, database->store, &db));
    return db;
}

int on_both_stop(void **state) {
    (void) state;
    postgres_server_stop();
    return 0;
}
