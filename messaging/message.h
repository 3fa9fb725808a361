#pragma once
/* Messages: sent under the writer's guard, ordered by the organisation's event stream. */

#include "base/json.h"
#include "messaging/actor.h"

enum { MESSAGE_MAX_BYTES = 32000, NONCE_MAX_BYTES = 64 };

struct message {
    struct str org_id, id, conversation_id;
    int64_t seq;
    struct str sender_id, sender_name;
    struct str nonce, text;
    int64_t created_us, edited_us, deleted_us; /* 0: never */
};

struct message_list {
    size_t count;
    struct message *messages; /* oldest first */
    int64_t next_before;      /* 0: this is the beginning */
};

struct new_message {
    struct str conversation_id, text;
    struct str nonce; /* the client's; the same again gives the first message */
};

extern const struct statement_list MESSAGE_STATEMENTS;

/* NOT_FOUND "conversation.unknown"; INVALID "message.text", "message.nonce"; UNAUTHENTICATED
 * "user.gone". */
RESULT message_send(struct scope *scope, struct db *db, const struct actor *actor,
                    const struct new_message *input, struct message *ret);
/* Only the sender's own: NOT_FOUND "message.unknown". */
RESULT message_edit(struct scope *scope, struct db *db, const struct actor *actor, struct str id,
                    struct str text, struct message *ret);
RESULT message_delete(struct scope *scope, struct db *db, const struct actor *actor, struct str id,
                      struct message *ret);
/* The newest `limit` messages before position `before` (0: the newest of all). */
RESULT message_history(struct scope *scope, struct db *db, struct str org_id,
                       struct str conversation_id, int64_t limit, int64_t before,
                       struct message_list *ret);
/* As the API shows it. */
const struct json *message_json(struct scope *scope, const struct message *message);
