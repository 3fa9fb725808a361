#include "base/migrate_store.h"

#include "base/clock.h"
#include "base/env.h"

/* Named overrides: one text is impossible, the catalogues differ. */
static const struct statement EXISTS_SQLITE = {
    "migrate.exists_sqlite", INSTALLATION,
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'", NULL};
static const struct statement EXISTS_POSTGRES = {
    "migrate.exists_postgres", INSTALLATION,
    "SELECT count(*) FROM pg_catalog.pg_class"
    " WHERE oid = pg_catalog.to_regclass('schema_migration')",
    NULL};

static const struct statement APPLIED = {
    "migrate.applied", INSTALLATION, "SELECT number FROM schema_migration ORDER BY number", NULL};

static const struct statement REMEMBER = {
    "migrate.remember", INSTALLATION,
    "INSERT INTO schema_migration(number, name, applied_us) VALUES ($1, $2, $3)", NULL};

/* No name: run once, not kept prepared. */
static const struct statement CREATE = {"", INSTALLATION,
                                        "CREATE TABLE IF NOT EXISTS schema_migration ("
                                        "number BIGINT NOT NULL PRIMARY KEY,"
                                        "name TEXT NOT NULL,"
                                        "applied_us BIGINT NOT NULL)",
                                        NULL};

static const struct statement *const STATEMENTS[] = {&APPLIED, &REMEMBER};
const struct statement_list MIGRATE_STATEMENTS = {STATEMENTS,
                                                  sizeof STATEMENTS / sizeof STATEMENTS[0]};

result migrate_table_exists(struct scope *scope, struct db *db, bool *ret) {
    const struct statement *statement =
        db_engine(db) == ENGINE_SQLITE ? &EXISTS_SQLITE : &EXISTS_POSTGRES;
    struct rows rows;
    TRY(db_run(scope, db, statement, NO_VALUES, &rows));
    *ret = rows_number(&rows, 0, 0) > 0;
    return OK_RESULT;
}

result migrate_table_create(struct scope *scope, struct tx *tx) {
    return tx_run(scope, tx, &CREATE, NO_VALUES, NULL);
}

result migrate_applied(struct scope *scope, struct db *db, struct rows *ret) {
    return db_run(scope, db, &APPLIED, NO_VALUES, ret);
}

result migrate_apply(struct scope *scope, struct tx *tx, const struct migration *migration) {
    for (size_t i = 0; migration->statements[i] != NULL; i++) {
        const struct statement statement = {"", INSTALLATION, migration->statements[i], NULL};
        TRY(tx_run(scope, tx, &statement, NO_VALUES, NULL));
    }
    return tx_run(scope, tx, &REMEMBER,
                  VALUES(value_number(migration->number), value_text(str_from_c(migration->name)),
                         value_number(clock_now_us(scope->env->clock))),
                  NULL);
}
