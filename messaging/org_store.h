#pragma once
/* SQL of organisations. */

#include "messaging/org.h"

RESULT org_store_insert(struct scope *scope, struct tx *tx, const struct org *org);
RESULT org_store_insert_dpa(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, const struct dpa *dpa);
RESULT org_store_rename(struct scope *scope, struct tx *tx, struct str org_id, struct str name);
/* The id of the first active creator. NOT_FOUND "user.unknown". */
RESULT org_store_first_creator(struct scope *scope, struct db *db, struct str org_id,
                               struct str *ret);
