#pragma once
/* SQL of API tokens. */

#include "identity/api_token.h"

RESULT api_token_store_insert(struct scope *scope, struct tx *tx, const struct api_token *token,
                              int64_t epoch, int64_t creator_epoch, struct str token_hash);
RESULT api_token_store_count(struct scope *scope, struct tx *tx, struct str org_id,
                             int64_t *ret_count);
/* NOT_FOUND "token.unknown". *ret_owner_id may be empty. */
/* SCIM tokens made by `user_id` under an epoch that is over; each once. */
RESULT api_token_store_flag(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, int64_t grace_us, struct api_token_list *ret);
/* Takes the token out if it is flagged and its time has come: one, or none. */
RESULT api_token_store_end(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                           struct api_token_list *ret);
RESULT api_token_store_delete(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                              struct str *ret_owner_id);
