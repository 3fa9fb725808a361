#pragma once
/* What SAML sign-ins leave behind: messages that were used, and the provider's side of sessions, by
 * which logouts find them. */

#include "base/secret.h"
#include "identity/identity.h"
#include "identity/saml/saml.h"

struct saml_session {
    struct str org_id, session_id, user_id, connection_id;
    struct str subject;       /* saml_subject_of_name: by which logouts find it */
    struct str session_index; /* may be empty */
    struct str name_id_sealed;
    int64_t created_us;
};

enum { SAML_SESSIONS_MAX = 64 }; /* of one subject, looked at together */

extern const struct statement_list SAML_SESSION_STATEMENTS;
extern const struct statement SAML_SESSION_DELETE_OF_USER; /* $1 org_id, $2 user_id */

/* One message of a connection is used once, whatever node it comes to: the unique index decides.
 * UNAUTHENTICATED "saml.replay". `until_us`: saml_check_until_us. */
RESULT saml_replay_insert(struct scope *scope, struct tx *tx, struct str org_id,
                          struct str connection_id, struct str message_id, int64_t until_us);
RESULT saml_replay_is_known(struct scope *scope, struct db *db, struct str org_id,
                            struct str connection_id, struct str message_id, bool *ret);
/* What could not pass any more: for the sweeper. */
RESULT saml_replay_sweep(struct scope *scope, struct db *db);

/* In the transaction of its session, which it dies with. */
RESULT saml_session_insert(struct scope *scope, struct tx *tx, const struct saml_session *session);
/* NOT_FOUND "saml.no_session". */
RESULT saml_session_find(struct scope *scope, struct db *db, struct str org_id,
                         struct str session_id, struct saml_session *ret);
/* Those of a subject, with this SessionIndex unless it is empty; the oldest first. */
RESULT saml_session_list(struct scope *scope, struct db *db, const struct saml_session *wanted,
                         struct saml_session ret[SAML_SESSIONS_MAX], size_t *ret_count);

/* The NameID as the provider sent it, sealed under the session's own name. */
RESULT saml_session_seal_name(struct scope *scope, const struct identity *identity,
                              const struct saml_name_id *name, struct saml_session *session);
/* INTERNAL "saml.session_seal". */
RESULT saml_session_name(struct scope *scope, const struct identity *identity,
                         const struct saml_session *session, struct saml_name_id *ret);
