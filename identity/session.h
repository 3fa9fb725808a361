#pragma once
/* Sessions of people: opaque secrets, stored as hashes, bound to the epoch of their proof. */

#include "identity/identity.h"
#include "identity/principal.h"

struct session {
    struct str org_id, id, user_id, connection_id;
    struct str method; /* "password", "oidc" */
    int64_t epoch, created_us, seen_us, idle_us, expires_us;
};

struct session_list {
    size_t count;
    struct session *sessions;
    struct str next_cursor;
};

struct new_session {
    struct str org_id, user_id;
    int64_t epoch; /* under which the proof was made, never one read at insert */
    struct str connection_id;
    const char *method;
    struct str old_cookie; /* the browser's session that ends with this sign-in; may be empty */
    struct str request_id;
    int64_t received_us;
};

struct session_secret {
    struct str id, cookie_value, csrf;
};

/* Who ends a session, of whom. */
struct session_end {
    struct str org_id, user_id, session_id; /* session_id empty: all of the person */
    const struct actor *actor;
    enum source source;
    struct str request_id;
    int64_t received_us;
};

/* Guard first (rule 3), then the row; the session in `old_cookie` ends in the same transaction,
 * which this call ends with its revocation row: commit right after it. UNAUTHENTICATED
 * "user.gone". */
RESULT session_create(struct scope *scope, const struct identity *identity,
                      const struct messaging *messaging, struct tx *tx,
                      const struct new_session *input, struct session_secret *ret);
/* Newest first; only what is still valid. */
RESULT session_list_of(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                       int64_t limit, struct str before, struct session_list *ret);
/* Rows go, revocation rows are written, the barrier waits on the last of them. NOT_FOUND
 * "session.unknown" when there is nothing to end. */
RESULT session_end(struct scope *scope, const struct messaging *messaging, struct db *db,
                   const struct session_end *end, struct revoked *ret);
/* Sessions that can never be used again: for the sweeper. */
RESULT session_sweep(struct scope *scope, struct db *db, int64_t *ret_count);
