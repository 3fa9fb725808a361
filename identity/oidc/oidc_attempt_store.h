#pragma once
/* SQL of sign-ins under way. */

#include "base/db.h"

enum { ATTEMPT_BINDINGS = 5 };

struct attempt_row {
    struct str org_id, state_hash, connection_id, binding_hash, secrets_sealed, return_path;
    int64_t created_us, expires_us;
};

extern const struct statement_list OIDC_ATTEMPT_STATEMENTS;

/* Also deletes what has expired in the organisation. */
RESULT oidc_attempt_insert(struct scope *scope, struct tx *tx, const struct attempt_row *row);
/* Deletes and returns the row in one statement: NOT_FOUND "oidc.attempt". Empty bindings match
 * nothing. */
RESULT oidc_attempt_take(struct scope *scope, struct tx *tx, const struct attempt_row *wanted,
                         const struct str bindings[ATTEMPT_BINDINGS], struct attempt_row *ret);
RESULT oidc_attempt_delete_of_connection(struct scope *scope, struct tx *tx, struct str org_id,
                                         struct str connection_id);
