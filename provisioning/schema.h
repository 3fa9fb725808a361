#pragma once
/* What provisioning brings to the database: its migrations, its rows of the table registry and
 * every statement it runs. The gateway joins the lists of all folders. */

#include "base/migrate.h"
#include "messaging/table_registry.h"

extern const struct migration_list PROVISIONING_MIGRATIONS; /* 300-399 */
extern const struct table_rule_list PROVISIONING_TABLES;
/* The lists of all modules of the folder. */
extern const struct statement_list *const PROVISIONING_STATEMENTS[];
extern const size_t PROVISIONING_STATEMENTS_COUNT;
