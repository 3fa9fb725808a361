#include "messaging/message_store.h"

#include "base/arena.h"

#define COLUMNS                                                                                    \
    "m.org_id, m.id, m.conversation_id, m.seq, m.sender_id, u.display_name, u.user_name, "         \
    "m.nonce, m.body, m.created_us, m.edited_us, m.deleted_us "                                    \
    "FROM message m JOIN org_user u ON u.org_id = m.org_id AND u.id = m.sender_id "

static const struct statement INSERT_MESSAGE = {
    "message.insert", TENANT,
    "INSERT INTO message (org_id, id, conversation_id, seq, sender_id, nonce, body, created_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (org_id, sender_id, nonce) DO NOTHING",
    NULL};

static const struct statement FIND = {"message.find", TENANT,
                                      "SELECT " COLUMNS "WHERE m.org_id = $1 AND m.id = $2", NULL};

static const struct statement BY_NONCE = {
    "message.by_nonce", TENANT,
    "SELECT " COLUMNS "WHERE m.org_id = $1 AND m.sender_id = $2 AND m.nonce = $3", NULL};

static const struct statement CHANGE = {
    "message.change", TENANT,
    "UPDATE message SET body = $4, edited_us = $5, deleted_us = $6 WHERE org_id = $1 AND id = $2 "
    "AND sender_id = $3 AND deleted_us IS NULL",
    NULL};

static const struct statement HISTORY = {
    "message.history", TENANT,
    "SELECT " COLUMNS "WHERE m.org_id = $1 AND m.conversation_id = $2 AND m.seq < $3 "
    "AND m.deleted_us IS NULL ORDER BY m.seq DESC LIMIT $4",
    NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT_MESSAGE, &FIND, &BY_NONCE, &CHANGE, &HISTORY,
};
const struct statement_list MESSAGE_STATEMENTS = {STATEMENTS,
                                                  sizeof STATEMENTS / sizeof *STATEMENTS};

static struct message decode(const struct rows *rows, size_t row) {
    struct message message = {
        .org_id = rows_text(rows, row, 0),
        .id = rows_text(rows, row, 1),
        .conversation_id = rows_text(rows, row, 2),
        .seq = rows_number(rows, row, 3),
        .sender_id = rows_text(rows, row, 4),
        .sender_name = rows_text(rows, row, 5),
        .nonce = rows_text(rows, row, 7),
        .text = rows_text(rows, row, 8),
        .created_us = rows_number(rows, row, 9),
        .edited_us = rows_number(rows, row, 10),
        .deleted_us = rows_number(rows, row, 11),
    };
    if (str_is_empty(message.sender_name)) {
        message.sender_name = rows_text(rows, row, 6);
    }
    return message;
}

result message_store_insert(struct scope *scope, struct tx *tx, const struct message *message,
                            bool *ret_is_new) {
    struct rows rows;
    TRY(tx_run(scope, tx, &INSERT_MESSAGE,
               VALUES(value_text(message->org_id), value_text(message->id),
                      value_text(message->conversation_id), value_number(message->seq),
                      value_text(message->sender_id), value_text(message->nonce),
                      value_text(message->text), value_number(message->created_us)),
               &rows));
    *ret_is_new = rows.changed == 1;
    return OK_RESULT;
}

static result one(struct scope *scope, const struct rows *rows, struct message *ret) {
    REQUIRE(scope, rows->count == 1, NOT_FOUND, "message.unknown");
    *ret = decode(rows, 0);
    return OK_RESULT;
}

result message_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                          struct message *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(id)), &rows));
    return one(scope, &rows, ret);
}

result message_store_by_nonce(struct scope *scope, struct db *db, struct str org_id,
                              struct str sender_id, struct str nonce, struct message *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &BY_NONCE,
               VALUES(value_text(org_id), value_text(sender_id), value_text(nonce)), &rows));
    return one(scope, &rows, ret);
}

result message_store_change(struct scope *scope, struct tx *tx, const struct message *message) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CHANGE,
               VALUES(value_text(message->org_id), value_text(message->id),
                      value_text(message->sender_id), value_text(message->text),
                      value_number(message->edited_us),
                      message->deleted_us == 0 ? value_null() : value_number(message->deleted_us)),
               &rows));
    REQUIRE(scope, rows.changed == 1, NOT_FOUND, "message.unknown");
    return OK_RESULT;
}

result message_history(struct scope *scope, struct db *db, struct str org_id,
                       struct str conversation_id, int64_t limit, int64_t before,
                       struct message_list *ret) {
    struct rows rows;
    const int64_t from = before == 0 ? INT64_MAX : before;
    TRY(db_run(scope, db, &HISTORY,
               VALUES(value_text(org_id), value_text(conversation_id), value_number(from),
                      value_number(limit + 1)),
               &rows));
    struct message_list list = {0};
    list.count = rows.count > (size_t) limit ? (size_t) limit : rows.count;
    list.messages = NEW_ARRAY(scope->arena, list.count, struct message);
    for (size_t i = 0; i < list.count; i++) {
        list.messages[list.count - 1 - i] = decode(&rows, i);
    }
    if (rows.count > list.count) {
        list.next_before = list.messages[0].seq;
    }
    *ret = list;
    return OK_RESULT;
}
