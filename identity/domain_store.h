#pragma once
/* SQL of domains. */

#include "identity/domain.h"

extern const struct statement_list DOMAIN_STATEMENTS;

/* CONFLICT "domain.exists". */
RESULT domain_store_insert(struct scope *scope, struct tx *tx, const struct domain *domain);
RESULT domain_store_count(struct scope *scope, struct db *db, struct str org_id, int64_t *ret);
RESULT domain_store_find(struct scope *scope, struct db *db, struct str org_id, struct str name,
                         struct domain *ret);
RESULT domain_store_list(struct scope *scope, struct db *db, struct str org_id,
                         struct domain_list *ret);
RESULT domain_store_set_verified(struct scope *scope, struct tx *tx, const struct domain *domain);
RESULT domain_store_delete(struct scope *scope, struct tx *tx, struct str org_id, struct str name);
/* Inserts, or binds the organisation's own one to the connection. */
RESULT domain_store_claim(struct scope *scope, struct tx *tx, const struct domain *domain);
RESULT domain_store_release(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str connection_id);
