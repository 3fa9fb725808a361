#pragma once
/* The provider's side of a session: who signed in there, and its tokens, sealed. The row hangs on
 * the session's id and dies with it. */

#include "base/db.h"

struct oidc_session {
    struct str org_id, session_id, user_id, connection_id;
    struct str issuer, subject, sid;                  /* sid may be empty */
    struct str id_token_sealed, refresh_token_sealed; /* the latter may be empty */
    struct str end_session_endpoint;                  /* empty: the provider has none */
    int64_t refreshed_us, access_expires_us, created_us;
};

extern const struct statement_list OIDC_SESSION_STATEMENTS;
extern const struct statement OIDC_SESSION_DELETE_OF_USER; /* $1 org_id, $2 user_id */

RESULT oidc_session_insert(struct scope *scope, struct tx *tx, const struct oidc_session *session);
/* NOT_FOUND "oidc.no_session". */
RESULT oidc_session_find(struct scope *scope, struct db *db, struct str org_id,
                         struct str session_id, struct oidc_session *ret);
RESULT oidc_session_delete_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                         struct str connection_id);

/* One refresh at a time, over all nodes: true when `owner` holds the lease now. */
RESULT oidc_session_lease(struct scope *scope, struct tx *tx, const struct oidc_session *session,
                          struct str owner, int64_t until_us, bool *ret_is_held);
RESULT oidc_session_unlease(struct scope *scope, struct tx *tx, const struct oidc_session *session,
                            struct str owner);
/* The outcome of a refresh, only while `owner` still holds the lease: CONFLICT
 * "oidc.lease_lost". */
RESULT oidc_session_store_refreshed(struct scope *scope, struct tx *tx,
                                    const struct oidc_session *session, struct str owner);
