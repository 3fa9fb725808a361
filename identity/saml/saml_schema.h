#pragma once
/* Tables of SAML: providers, keys, sign-ins, logouts. */

#include "base/migrate.h"
#include "messaging/table_registry.h"

extern const struct migration_list SAML_MIGRATIONS; /* 220-239 */
extern const struct table_rule_list SAML_TABLES;
/* Every statement of these modules. */
extern const struct statement_list *const SAML_STATEMENT_LISTS[];
extern const size_t SAML_STATEMENT_LISTS_COUNT;
