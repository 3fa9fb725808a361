#pragma once
/* Where people talk: the general group, in which everybody of the organisation is, and direct
 * conversations of two. */

#include "messaging/actor.h"

enum conversation_kind { CONVERSATION_GENERAL, CONVERSATION_DIRECT };

enum { UNREAD_MAX = 100 };

struct conversation {
    struct str org_id, id;
    enum conversation_kind kind;
    struct str members[2]; /* CONVERSATION_DIRECT; the same twice: notes to oneself */
    struct str other_name; /* of the other person, as the reader sees it */
    int64_t unread;        /* counted up to UNREAD_MAX */
    int64_t read_seq;
};

struct conversation_list {
    size_t count;
    struct conversation *conversations;
    struct str next_cursor;
};

extern const struct statement_list CONVERSATION_STATEMENTS;

RESULT conversation_create_general(struct scope *scope, struct tx *tx, struct str org_id);
/* The one direct conversation of the actor and `other_id`, made when it is not there yet.
 * NOT_FOUND "user.unknown" unless the other is active. */
RESULT conversation_open_direct(struct scope *scope, struct db *db, const struct actor *actor,
                                struct str other_id, struct conversation *ret, bool *ret_is_new);
/* NOT_FOUND "conversation.unknown", also for who is no member. */
RESULT conversation_find(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                         struct str id, struct conversation *ret);
RESULT conversation_list_of(struct scope *scope, struct db *db, struct str org_id,
                            struct str user_id, int64_t limit, struct str after,
                            struct conversation_list *ret);
/* How far the actor has read; never goes back. */
RESULT conversation_mark_read(struct scope *scope, struct db *db, const struct actor *actor,
                              struct str conversation_id, int64_t seq);
