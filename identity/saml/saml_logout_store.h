#pragma once
/* Rows of SAML logout: our requests that wait for an answer, and whom providers have logged out, so
 * that an assertion which was already on its way signs nobody in again. */

#include "base/db.h"
#include "base/result.h"

struct saml_open_logout {
    struct str org_id, connection_id;
    struct str request_id;  /* what the answer must be to */
    struct str ticket_hash; /* of the single-use name by which the browser fetches the request */
    struct str session_id, user_id, session_index, name_id_sealed; /* as in saml_session.h */
    int64_t expires_us;
};

extern const struct statement_list SAML_LOGOUT_STATEMENTS;

RESULT saml_logout_insert(struct scope *scope, struct tx *tx, const struct saml_open_logout *open);
/* The browser comes for it: once, within its time. NOT_FOUND "saml.logout_ticket". From here on
 * the name is not kept. */
RESULT saml_logout_take_ticket(struct scope *scope, struct tx *tx,
                               const struct saml_open_logout *wanted, struct saml_open_logout *ret);
/* The answer to a request that was sent: once, within its time. UNAUTHENTICATED
 * "saml.in_response_to". */
RESULT saml_logout_take_answered(struct scope *scope, struct tx *tx, struct str org_id,
                                 struct str connection_id, struct str request_id);

struct saml_logged_out {
    struct str org_id, connection_id, subject;
    struct str session_index; /* empty: all of the subject's */
    int64_t issued_us;        /* when the provider said so */
    int64_t until_us;         /* saml_logout_late_us */
};

/* Waits for the sign-ins of the connection that are about to commit, and lets none begin to until
 * this transaction ends: each holds a share of the connection's row (connection_guard). NOT_FOUND
 * "connection.unknown". */
RESULT saml_logout_lock(struct scope *scope, struct tx *tx, struct str org_id,
                        struct str connection_id);
RESULT saml_logged_out_note(struct scope *scope, struct tx *tx,
                            const struct saml_logged_out *logged_out);
/* Behind connection_guard, for an assertion made at `issued_us`: UNAUTHENTICATED "saml.logged_out"
 * when the provider has ended that session since. */
RESULT saml_logged_out_check(struct scope *scope, struct tx *tx,
                             const struct saml_logged_out *signed_in);

/* What can have no effect any more: for the sweeper. */
RESULT saml_logout_sweep(struct scope *scope, struct db *db);
