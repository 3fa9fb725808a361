#pragma once
/* The one check as one statement per kind of credential. */

#include "identity/principal.h"

enum { TOUCH_EVERY_S = 60 };

extern const struct statement_list PRINCIPAL_STATEMENTS;

/* UNAUTHENTICATED "credential.unknown". *ret_seen_us: when it was last noted as used. */
RESULT principal_store_session(struct scope *scope, struct db *db,
                               const struct credential *credential, struct principal *ret,
                               int64_t *ret_seen_us);
RESULT principal_store_token(struct scope *scope, struct db *db,
                             const struct credential *credential, struct principal *ret,
                             int64_t *ret_seen_us);
/* Notes the use, unless somebody has done so within the last TOUCH_EVERY_S. */
RESULT principal_store_touch(struct scope *scope, struct db *db, const struct principal *principal);
