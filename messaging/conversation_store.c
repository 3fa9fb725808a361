#include "messaging/conversation_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"

static const struct statement INSERT_CONVERSATION = {
    "conversation.insert", TENANT,
    "INSERT INTO conversation (org_id, id, kind, unique_key, created_us) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id, unique_key) DO NOTHING",
    NULL};

static const struct statement ADD_MEMBER = {
    "conversation.add_member", TENANT,
    "INSERT INTO conversation_member (org_id, conversation_id, user_id, joined_us) "
    "VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, conversation_id, user_id) DO NOTHING",
    NULL};

static const struct statement BY_KEY = {
    "conversation.by_key", TENANT,
    "SELECT id FROM conversation WHERE org_id = $1 AND unique_key = $2", NULL};

/* What a person sees of a conversation; $2 is the person. */
#define SEEN                                                                                       \
    "SELECT c.org_id, c.id, c.kind, c.unique_key, o.display_name, o.user_name, "                   \
    "coalesce(r.seq, 0), "                                                                         \
    "(SELECT count(*) FROM (SELECT 1 FROM message m WHERE m.org_id = c.org_id "                    \
    "AND m.conversation_id = c.id AND m.seq > coalesce(r.seq, 0) AND m.sender_id <> $2 "           \
    "AND m.deleted_us IS NULL LIMIT 100) AS x) "

#define SEEN_JOINS                                                                                 \
    "LEFT JOIN read_position r ON r.org_id = c.org_id AND r.conversation_id = c.id "               \
    "AND r.user_id = $2 "                                                                          \
    "LEFT JOIN conversation_member t ON t.org_id = c.org_id AND t.conversation_id = c.id "         \
    "AND t.user_id <> $2 "                                                                         \
    "LEFT JOIN org_user o ON o.org_id = c.org_id AND o.id = t.user_id "

static const struct statement FIND = {
    "conversation.find", TENANT,
    SEEN "FROM conversation c " SEEN_JOINS "WHERE c.org_id = $1 AND c.id = $3 AND "
         "(c.kind = 'general' OR EXISTS (SELECT 1 FROM conversation_member me WHERE "
         "me.org_id = $1 AND me.conversation_id = c.id AND me.user_id = $2))",
    NULL};

static const struct statement LIST = {
    "conversation.list", TENANT,
    SEEN "FROM (SELECT g.id FROM conversation g WHERE g.org_id = $1 AND g.unique_key = 'general' "
         "UNION ALL SELECT me.conversation_id FROM conversation_member me "
         "WHERE me.org_id = $1 AND me.user_id = $2) AS mine "
         "JOIN conversation c ON c.org_id = $1 AND c.id = mine.id " SEEN_JOINS
         "WHERE c.org_id = $1 AND c.id > $3 ORDER BY c.id LIMIT $4",
    NULL};

static const struct statement READ = {
    "conversation.read", TENANT,
    "INSERT INTO read_position (org_id, conversation_id, user_id, seq, at_us) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id, conversation_id, user_id) DO UPDATE "
    "SET seq = excluded.seq, at_us = excluded.at_us WHERE read_position.seq < excluded.seq",
    NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT_CONVERSATION, &ADD_MEMBER, &BY_KEY, &FIND, &LIST, &READ,
};
const struct statement_list CONVERSATION_STATEMENTS = {STATEMENTS,
                                                       sizeof STATEMENTS / sizeof *STATEMENTS};

result conversation_store_insert(struct scope *scope, struct tx *tx,
                                 const struct conversation *conversation, struct str unique_key,
                                 bool *ret_is_new) {
    struct rows rows;
    TRY(tx_run(scope, tx, &INSERT_CONVERSATION,
               VALUES(value_text(conversation->org_id), value_text(conversation->id),
                      value_text(conversation->kind == CONVERSATION_GENERAL ? STR("general")
                                                                            : STR("direct")),
                      value_text(unique_key), value_number(clock_now_us(scope->env->clock))),
               &rows));
    *ret_is_new = rows.changed == 1;
    return OK_RESULT;
}

result conversation_store_add_member(struct scope *scope, struct tx *tx, struct str org_id,
                                     struct str conversation_id, struct str user_id) {
    struct rows rows;
    return tx_run(scope, tx, &ADD_MEMBER,
                  VALUES(value_text(org_id), value_text(conversation_id), value_text(user_id),
                         value_number(clock_now_us(scope->env->clock))),
                  &rows);
}

result conversation_store_by_key(struct scope *scope, struct db *db, struct str org_id,
                                 struct str unique_key, struct str *ret_id) {
    struct rows rows;
    TRY(db_run(scope, db, &BY_KEY, VALUES(value_text(org_id), value_text(unique_key)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "conversation.unknown");
    *ret_id = rows_text(&rows, 0, 0);
    return OK_RESULT;
}

static struct conversation decode(const struct rows *rows, size_t row) {
    struct conversation conversation = {
        .org_id = rows_text(rows, row, 0),
        .id = rows_text(rows, row, 1),
        .kind = CONVERSATION_GENERAL,
        .other_name = rows_text(rows, row, 4),
        .read_seq = rows_number(rows, row, 6),
        .unread = rows_number(rows, row, 7),
    };
    if (str_eq(rows_text(rows, row, 2), STR("direct"))) {
        conversation.kind = CONVERSATION_DIRECT;
        conversation.members[1] = str_split(rows_text(rows, row, 3), ':', &conversation.members[0]);
    }
    if (str_is_empty(conversation.other_name)) {
        conversation.other_name = rows_text(rows, row, 5);
    }
    return conversation;
}

result conversation_find(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                         struct str id, struct conversation *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(user_id), value_text(id)),
               &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "conversation.unknown");
    *ret = decode(&rows, 0);
    return OK_RESULT;
}

result conversation_list_of(struct scope *scope, struct db *db, struct str org_id,
                            struct str user_id, int64_t limit, struct str after,
                            struct conversation_list *ret) {
    struct rows rows;
    TRY(db_run(
        scope, db, &LIST,
        VALUES(value_text(org_id), value_text(user_id), value_text(after), value_number(limit + 1)),
        &rows));
    struct conversation_list list = {0};
    list.count = rows.count > (size_t) limit ? (size_t) limit : rows.count;
    list.conversations = NEW_ARRAY(scope->arena, list.count, struct conversation);
    for (size_t i = 0; i < list.count; i++) {
        list.conversations[i] = decode(&rows, i);
    }
    if (rows.count > list.count) {
        list.next_cursor = list.conversations[list.count - 1].id;
    }
    *ret = list;
    return OK_RESULT;
}

result conversation_store_read(struct scope *scope, struct tx *tx, const struct actor *actor,
                               struct str conversation_id, int64_t seq) {
    struct rows rows;
    return tx_run(scope, tx, &READ,
                  VALUES(value_text(actor->org_id), value_text(conversation_id),
                         value_text(actor->id), value_number(seq),
                         value_number(clock_now_us(scope->env->clock))),
                  &rows);
}
