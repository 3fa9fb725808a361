#pragma once
/* What identity brings to the database: sessions, tokens, passwords, links. Connections have lists
 * of their own (connection_schema.h); the gateway joins them all. */

#include "base/migrate.h"
#include "messaging/table_registry.h"

extern const struct migration_list IDENTITY_MIGRATIONS; /* 200-209 */
extern const struct table_rule_list IDENTITY_TABLES;
/* The lists of the modules here; those of connections and OpenID Connect come beside them. */
extern const struct statement_list *const IDENTITY_STATEMENTS[];
extern const size_t IDENTITY_STATEMENTS_COUNT;
