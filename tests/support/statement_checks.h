#pragma once
/* What every module's list of statements is held to: each prepares on both engines, names are
 * unique, and a statement on a tenant's rows names the tenant. */

#include "tests/support/on_both.h"

/* Call inside ON_BOTH, with the migrations of all folders concerned. */
void statements_prepare(struct database *database, const struct statement_list *const *lists,
                        size_t count);

/* NULL: the text keeps the promise of its tenancy; else what is wrong. */
const char *statement_tenancy_fault(const struct statement *statement);

/* All statements of the lists keep it. An INSTALLATION statement must not name a table with an
 * org_id column, unless it is one of `installation_tables` (NULL at the end). */
void statements_keep_tenancy(struct database *database, const struct statement_list *const *lists,
                             size_t count, const char *const *installation_tables);

/* One row (table, column) per live column, in order; without schema_migration. */
struct rows schema_columns(struct database *database);
bool schema_has_column(const struct rows *columns, const char *table, const char *column);
