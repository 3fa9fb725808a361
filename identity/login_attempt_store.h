#pragma once
/* SQL of sign-ins under way, of all protocols. */

#include "base/db.h"

enum { ATTEMPT_BINDINGS = 5 };

struct attempt_row {
    struct str org_id, state_hash, connection_id, binding_hash, secrets_sealed, return_path;
    int64_t created_us, expires_us;
};

extern const struct statement_list LOGIN_ATTEMPT_STATEMENTS;

/* Also deletes what has expired in the organisation. */
RESULT login_attempt_insert(struct scope *scope, struct tx *tx, const struct attempt_row *row);
/* The row of organisation, connection and state, whoever asks. NOT_FOUND "login.attempt". */
RESULT login_attempt_peek(struct scope *scope, struct db *db, const struct attempt_row *wanted,
                          struct attempt_row *ret);
/* Deletes the row: NOT_FOUND "login.attempt" when somebody was quicker, or it has expired. */
RESULT login_attempt_take(struct scope *scope, struct tx *tx, const struct attempt_row *row);
/* Those of the browser with these bindings; empty ones match nothing. */
RESULT login_attempt_list_bound(struct scope *scope, struct db *db,
                                const struct attempt_row *wanted,
                                const struct str bindings[ATTEMPT_BINDINGS],
                                struct attempt_row ret[ATTEMPT_BINDINGS], size_t *ret_count);
RESULT login_attempt_delete_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                          struct str connection_id);
