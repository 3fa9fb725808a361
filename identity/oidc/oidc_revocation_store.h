#pragma once
/* SQL of refresh tokens that are to be revoked at their provider. Each oidc_revocation_keep_* is
 * the statement in front of the one that deletes the sessions. */

#include "base/db.h"

extern const struct statement_list OIDC_REVOCATION_STATEMENTS;
/* Rule of the table registry: $1 org_id, $2 user_id. */
extern const struct statement OIDC_REVOCATION_KEEP_OF_USER;

RESULT oidc_revocation_keep_of_user(struct scope *scope, struct tx *tx, struct str org_id,
                                    struct str user_id);
RESULT oidc_revocation_keep_of_session(struct scope *scope, struct tx *tx, struct str org_id,
                                       struct str session_id);
RESULT oidc_revocation_keep_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                          struct str connection_id);
/* Of sessions that are over at `now_us`, of all organisations. */
RESULT oidc_revocation_keep_expired(struct scope *scope, struct tx *tx, int64_t now_us);

struct oidc_revocation {
    struct str org_id, session_id, connection_id;
    struct str token_sealed; /* under the name that it had in oidc_session */
};
/* NOT_FOUND "oidc.no_revocation". */
RESULT oidc_revocation_store_find(struct scope *scope, struct db *db, struct str org_id,
                                  struct str session_id, struct oidc_revocation *ret);
RESULT oidc_revocation_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                                    struct str session_id);
RESULT oidc_revocation_store_is_due(struct scope *scope, struct db *db, int64_t before_us,
                                    bool *ret);
/* Those that nobody has taken yet, up to `limit`; only the ids are filled. */
RESULT oidc_revocation_store_claim(struct scope *scope, struct tx *tx, int64_t now_us,
                                   int64_t limit, struct oidc_revocation **ret, size_t *ret_count);
RESULT oidc_revocation_store_forget(struct scope *scope, struct tx *tx, int64_t before_us);
