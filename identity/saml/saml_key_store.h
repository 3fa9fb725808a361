#pragma once
/* SQL of our own SAML keys. */

#include "identity/saml/saml_key.h"

extern const struct statement_list SAML_KEY_STATEMENTS;

/* CONFLICT "db.unique": another one took the place. */
RESULT saml_key_store_insert(struct scope *scope, struct tx *tx, const struct saml_own_key *key);
RESULT saml_key_store_list(struct scope *scope, struct db *db, struct str org_id,
                           struct str connection_id, struct saml_own_keys *ret);
/* The active key of this use retires; then the other one may become active. *ret_is_changed false:
 * it is gone. */
RESULT saml_key_store_retire(struct scope *scope, struct tx *tx, const struct saml_own_key *next,
                             int64_t now_us);
RESULT saml_key_store_activate(struct scope *scope, struct tx *tx, const struct saml_own_key *key,
                               int64_t now_us, bool *ret_is_changed);
/* Unless it is active. */
RESULT saml_key_store_drop(struct scope *scope, struct tx *tx, struct str org_id,
                           struct str connection_id, struct str id, bool *ret_is_dropped);
RESULT saml_key_store_expiring(struct scope *scope, struct db *db, int64_t before_us,
                               const struct saml_own_key *after, struct saml_own_key **ret,
                               size_t *ret_count);
