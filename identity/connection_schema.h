#pragma once
/* Tables of connections, proved domains, sign-ins under way and provider tokens. */

#include "base/migrate.h"
#include "messaging/table_registry.h"

extern const struct migration_list CONNECTION_MIGRATIONS; /* 210-219 */
extern const struct table_rule_list CONNECTION_TABLES;
/* Every statement of these modules. */
extern const struct statement_list *const CONNECTION_STATEMENT_LISTS[];
extern const size_t CONNECTION_STATEMENT_LISTS_COUNT;
