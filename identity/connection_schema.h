#pragma once
/* Tables of connections, proved domains, sign-ins under way and provider tokens. */

#include "base/migrate.h"
#include "messaging/table_registry.h"

extern const struct migration_list CONNECTION_MIGRATIONS; /* 210-229 */
extern const struct table_rule_list CONNECTION_TABLES;
