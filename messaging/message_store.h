#pragma once
/* SQL of messages. */

#include "messaging/message.h"

/* *ret_is_new false: the sender has used this nonce before. */
RESULT message_store_insert(struct scope *scope, struct tx *tx, const struct message *message,
                            bool *ret_is_new);
/* NOT_FOUND "message.unknown". */
RESULT message_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                          struct message *ret);
RESULT message_store_by_nonce(struct scope *scope, struct db *db, struct str org_id,
                              struct str sender_id, struct str nonce, struct message *ret);
/* Empty text and deleted_us set: the message is deleted. NOT_FOUND "message.unknown" unless it is
 * the sender's and was not deleted. */
RESULT message_store_change(struct scope *scope, struct tx *tx, const struct message *message);
