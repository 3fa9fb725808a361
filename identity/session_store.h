#pragma once
/* SQL of sessions. */

#include "identity/session.h"

extern const struct statement_list SESSION_STATEMENTS;
extern const struct statement SESSION_DELETE_OF_USER; /* $1 org_id, $2 user_id */
extern const struct statement SESSION_GUARD;          /* $1 org_id, $2 id */

struct session_ids {
    size_t count;
    struct str *ids;
};

RESULT session_store_insert(struct scope *scope, struct tx *tx, const struct session *session,
                            struct str token_hash, struct str csrf_hash);
/* *ret_id is empty when there was none. */
RESULT session_store_delete_by_hash(struct scope *scope, struct tx *tx, struct str org_id,
                                    struct str token_hash, struct str *ret_id);
/* One, or all of the person when `session_id` is empty. */
RESULT session_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, struct str session_id, struct session_ids *ret);
/* All of the person but the newest `most`, `newest` among them. */
RESULT session_store_delete_oldest(struct scope *scope, struct tx *tx,
                                   const struct session_end *newest, int64_t most,
                                   struct session_ids *ret);
