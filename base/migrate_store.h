#pragma once
/* The table that remembers which migrations have been applied. */

#include "base/db.h"
#include "base/migrate.h"

extern const struct statement_list MIGRATE_STATEMENTS;

/* OK with false before the first migration. */
RESULT migrate_table_exists(struct scope *scope, struct db *db, bool *ret);
RESULT migrate_table_create(struct scope *scope, struct tx *tx);
/* Numbers in order. */
RESULT migrate_applied(struct scope *scope, struct db *db, struct rows *ret);
RESULT migrate_apply(struct scope *scope, struct tx *tx, const struct migration *migration);
