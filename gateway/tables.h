#pragma once
/* What every folder brings as data, joined: migrations, the registry of tables, all statements. */

#include "base/migrate.h"
#include "messaging/table_registry.h"

enum { TABLE_LISTS = 8, STATEMENT_LISTS = 64 };

struct table_storage {
    struct table_rule_list lists[TABLE_LISTS];
    struct table_registry registry; /* points into lists */
};

size_t tables_migrations(struct migration_list ret[TABLE_LISTS]);
void tables_registry(struct table_storage *ret);
size_t tables_statements(const struct statement_list *ret[STATEMENT_LISTS]);
