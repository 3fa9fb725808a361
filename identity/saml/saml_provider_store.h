#pragma once
/* SQL of the identity providers of SAML connections. */

#include "identity/saml/saml_provider.h"

/* Makes or replaces the row; a replaced one gets the next version. */
RESULT saml_provider_store_put(struct scope *scope, struct tx *tx,
                               const struct saml_provider *provider);
/* NOT_FOUND "saml.no_provider". */
RESULT saml_provider_store_find(struct scope *scope, struct db *db, struct str org_id,
                                struct str connection_id, struct saml_provider *ret);
/* What a refresh or an acceptance changed, guarded by the version that was read: CONFLICT
 * "saml.provider_changed". With `is_new_version` caches see it. */
RESULT saml_provider_store_update(struct scope *scope, struct tx *tx,
                                  const struct saml_provider *provider, bool is_new_version);
/* Moves next_us to now unless an early refresh was asked for after `since_us`. */
RESULT saml_provider_store_hint(struct scope *scope, struct tx *tx, struct str org_id,
                                struct str connection_id, int64_t now_us, int64_t since_us);

struct saml_due {
    struct str org_id, connection_id;
};
/* Before a transaction is begun for them. */
RESULT saml_provider_store_is_due(struct scope *scope, struct db *db, int64_t now_us, bool *ret);
/* Takes up to `limit` providers whose time has come: nobody else takes them before `again_us`. */
RESULT saml_provider_store_claim_due(struct scope *scope, struct tx *tx, int64_t now_us,
                                     int64_t again_us, int64_t limit, struct saml_due **ret,
                                     size_t *ret_count);
/* The installation's, in order, behind (org, connection): for expiry alerts and the doctor. */
RESULT saml_provider_store_page(struct scope *scope, struct db *db, const struct saml_due *after,
                                int64_t limit, struct saml_provider **ret, size_t *ret_count);
