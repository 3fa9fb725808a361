#pragma once
/* SQL of local passwords. */

#include "base/db.h"

struct local_password {
    struct str user_id, hash;
    int64_t epoch;
};

extern const struct statement_list LOCAL_PASSWORD_STATEMENTS;

/* By e-mail key, in an organisation that lets people in; *ret is empty when there is none, or when
 * the address is not one person's alone. `org_id` may be empty. */
RESULT local_password_find(struct scope *scope, struct db *db, struct str org_id,
                           struct str email_key, struct local_password *ret);
RESULT local_password_put(struct scope *scope, struct tx *tx, struct str org_id, struct str user_id,
                          struct str hash);
