#pragma once
/* SQL of the health of OpenID providers. */

#include "identity/oidc/oidc_health.h"

extern const struct statement_list OIDC_HEALTH_STATEMENTS;

RESULT oidc_health_store_insert(struct scope *scope, struct tx *tx, struct str org_id,
                                struct str connection_id, int64_t next_us);
RESULT oidc_health_store_find(struct scope *scope, struct db *db, struct str org_id,
                              struct str connection_id, struct oidc_health *ret);
RESULT oidc_health_store_update(struct scope *scope, struct tx *tx,
                                const struct oidc_health *health);
/* Before a transaction is begun for them. */
RESULT oidc_health_store_is_due(struct scope *scope, struct db *db, int64_t now_us, bool *ret);
/* Takes up to `limit` whose time has come: nobody else takes them before `again_us`. Only the ids
 * are filled. */
RESULT oidc_health_store_claim_due(struct scope *scope, struct tx *tx, int64_t now_us,
                                   int64_t again_us, int64_t limit, struct oidc_health **ret,
                                   size_t *ret_count);
