#pragma once
/* What messaging brings to the database: its migrations, its rows of the table registry and every
 * statement it runs. The gateway joins the lists of all folders. */

#include "base/migrate.h"
#include "messaging/table_registry.h"

extern const struct migration_list MESSAGING_MIGRATIONS;
extern const struct table_rule_list MESSAGING_TABLES;
/* The lists of all modules of the folder. */
extern const struct statement_list *const MESSAGING_STATEMENTS[];
extern const size_t MESSAGING_STATEMENTS_COUNT;
