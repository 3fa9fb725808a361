#pragma once
/* SQL of invitations. */

#include "identity/invitation.h"

extern const struct statement_list INVITATION_STATEMENTS;
extern const struct statement INVITATION_DELETE_OF_USER; /* $1 org_id, $2 user_id */

struct invitation {
    struct str org_id, user_id;
    int64_t epoch; /* under which the person was invited */
    struct str token_hash;
    int64_t expires_us;
};

/* Instead of an earlier one. */
RESULT invitation_store_put(struct scope *scope, struct tx *tx,
                            const struct invitation *invitation);
RESULT invitation_store_exists(struct scope *scope, struct db *db, struct str org_id,
                               struct str token_hash, bool *ret);
/* Takes it out: nobody else has it. UNAUTHENTICATED "invitation.refused" when it is not there, or
 * not any more. */
RESULT invitation_store_take(struct scope *scope, struct tx *tx, struct str org_id,
                             struct str token_hash, struct invitation *ret);
