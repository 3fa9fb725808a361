#pragma once
/* One sign-in under way, whatever the protocol: a row on our side, a cookie in the browser that
 * started it. The state that travels through the provider finds the row, the cookie proves the
 * browser, and the row is gone after its first use. */

#include "identity/connection.h"
#include "identity/identity.h"
#include "identity/login_attempt_store.h"

/* How a protocol keeps its attempts: a literal of each. */
struct attempt_kind {
    const char *cookie;    /* "gatehouse-login": five of them, numbered */
    const char *same_site; /* "None" where the provider's answer is posted */
    size_t state_bytes;    /* random bytes of the state */
};

struct login_attempt {
    struct attempt_row row;
    struct str secrets; /* the protocol's own, opened */
    bool is_bound;      /* the browser that asks is the one that started it */
};

/* Writes the row and adds the Set-Cookie line; the oldest of five cookies gives way. `secrets` are
 * sealed; *ret_state is for the provider. */
RESULT login_attempt_begin(struct scope *scope, struct call *call, const struct attempt_kind *kind,
                           const struct connection *connection, struct str secrets,
                           struct str return_path, struct str *ret_state);
/* Looks only. NOT_FOUND "login.attempt" for unknown, used, expired. */
RESULT login_attempt_find(struct scope *scope, struct call *call, const struct attempt_kind *kind,
                          const struct connection *connection, struct str state,
                          struct login_attempt *ret);
/* The attempts at this connection that the asking browser has open. */
RESULT login_attempt_list(struct scope *scope, struct call *call, const struct attempt_kind *kind,
                          const struct connection *connection,
                          struct login_attempt ret[ATTEMPT_BINDINGS], size_t *ret_count);
/* Uses it up: NOT_FOUND "login.attempt" when somebody was quicker. */
RESULT login_attempt_consume(struct scope *scope, struct tx *tx,
                             const struct login_attempt *attempt);
/* Takes its cookie away, if the browser has it. */
RESULT login_attempt_clear_cookie(struct scope *scope, struct call *call,
                                  const struct attempt_kind *kind,
                                  const struct login_attempt *attempt);
