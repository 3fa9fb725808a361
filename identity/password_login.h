#pragma once
/* Sign-in with a local password, for creators and break-glass accounts. Three phases over one
 * arena, so that the hash runs on a CPU worker: begin (database), verify (CPU), finish (database).
 * An unknown organisation, an unknown address, a wrong password and a blocked account take the same
 * path and give the same reason. */

#include "identity/session.h"

struct password_attempt {
    struct str org_slug, email;
    struct secret password;
    struct str client_address, old_cookie, request_id;
    int64_t received_us;
};

struct password_login {
    struct password_attempt attempt;
    struct str account; /* what is throttled */
    struct str org_id, user_id, hash;
    int64_t epoch;
    struct str new_hash; /* when the parameters have grown since */
    int64_t retry_after_s;
};

/* THROTTLED "login.throttled" with retry_after_s. Never says whether the account exists. */
RESULT password_login_begin(struct scope *scope, struct db *db,
                            const struct password_attempt *attempt, struct password_login *ret);
/* UNAUTHENTICATED "login.refused". */
RESULT password_login_verify(struct scope *scope, struct password_login *login);
/* UNAUTHENTICATED "login.refused" for who is not active any more. */
RESULT password_login_finish(struct scope *scope, const struct identity *identity,
                             const struct messaging *messaging, struct db *db,
                             const struct password_login *login, struct login_result *ret);
/* All three on the calling thread. */
RESULT password_login_run(struct scope *scope, struct call *call,
                          const struct password_attempt *attempt, struct login_result *ret,
                          int64_t *ret_retry_after_s);

/* Sets the password of a person, audited. `hash` comes from password_hash. */
struct password_change {
    struct str org_id, user_id, hash;
    const struct actor *actor; /* NULL: the person, at the making of the organisation */
    enum source source;
    struct str request_id;
};
RESULT local_password_set(struct scope *scope, struct tx *tx, const struct password_change *change);
