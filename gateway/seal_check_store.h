#pragma once
/* Whether this is the key that the secrets of this database were sealed with. */

#include "base/db.h"
#include "base/secret.h"

extern const struct statement_list SEAL_CHECK_STATEMENTS;

/* The first caller leaves a sealed word behind; later ones must open it. CONFLICT
 * "secrets.wrong_key". */
RESULT seal_check(struct scope *scope, struct db *db, struct secret key);
