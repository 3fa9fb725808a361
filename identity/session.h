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

/* What commits with a session and dies with it: rows of the protocol. Runs behind the guards and
 * the session's own row. */
struct session_rider {
    result (*ride)(struct scope *scope, struct tx *tx, void *context, struct str user_id,
                   struct str session_id);
    void *context;
};

struct new_session {
    struct str org_id, user_id;
    int64_t epoch;            /* under which the proof was made, never one read at insert */
    struct str connection_id; /* empty: none; else as it was when the sign-in was judged */
    int64_t connection_version;
    int64_t end_us;                    /* the provider ends it no later; 0: unknown */
    const struct session_rider *rider; /* NULL: none */
    const char *method;
    bool ends_others; /* the person's other sessions were made with more rights than are left */
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

/* Guards first (rule 3; the person, then the connection), then the row; the session in `old_cookie`
 * and the oldest beyond the limit end in the same transaction, which this call ends with its
 * revocation rows: commit right after it. UNAUTHENTICATED "user.gone", CONFLICT
 * "connection.closed". */
RESULT session_create(struct scope *scope, const struct identity *identity,
                      const struct messaging *messaging, struct tx *tx,
                      const struct new_session *input, struct session_secret *ret);
/* Whose it is. NOT_FOUND "session.unknown". */
RESULT session_owner(struct scope *scope, struct db *db, struct str org_id, struct str id,
                     struct str *ret_user_id);
/* Newest first; only what is still valid. */
RESULT session_list_of(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                       int64_t limit, struct str before, struct session_list *ret);
/* Rows go, revocation rows are written, the barrier waits on the last of them. NOT_FOUND
 * "session.unknown" when there is nothing to end. */
RESULT session_end(struct scope *scope, const struct messaging *messaging, struct db *db,
                   const struct session_end *end, struct revoked *ret);
/* Sessions that can never be used again: for the sweeper. */
RESULT session_sweep(struct scope *scope, struct db *db, int64_t *ret_count);
