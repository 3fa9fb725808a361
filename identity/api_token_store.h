#pragma once
/* SQL of API tokens. */

#include "identity/api_token.h"

RESULT api_token_store_insert(struct scope *scope, struct tx *tx, const struct api_token *token,
                              int64_t epoch, int64_t creator_epoch, struct str token_hash);
RESULT api_token_store_count(struct scope *scope, struct tx *tx, struct str org_id,
                             int64_t *ret_count);
/* NOT_FOUND "token.unknown". *ret_owner_id may be empty. */
RESULT api_token_store_delete(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                              struct str *ret_owner_id);
