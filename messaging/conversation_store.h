#pragma once
/* SQL of conversations. */

#include "messaging/conversation.h"

/* *ret_is_new false: there was one with that key. */
RESULT conversation_store_insert(struct scope *scope, struct tx *tx,
                                 const struct conversation *conversation, struct str unique_key,
                                 bool *ret_is_new);
RESULT conversation_store_add_member(struct scope *scope, struct tx *tx, struct str org_id,
                                     struct str conversation_id, struct str user_id);
/* The id of the conversation with that key. NOT_FOUND "conversation.unknown". */
RESULT conversation_store_by_key(struct scope *scope, struct db *db, struct str org_id,
                                 struct str unique_key, struct str *ret_id);
RESULT conversation_store_read(struct scope *scope, struct tx *tx, const struct actor *actor,
                               struct str conversation_id, int64_t seq);
