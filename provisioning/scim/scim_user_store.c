#include "provisioning/scim/scim_user_store.h"

#include <assert.h>

#include "base/arena.h"

#define COLUMNS                                                                                    \
    "u.id, u.user_name, u.display_name, u.email, u.state, u.role, u.epoch, u.revoked_seq, "        \
    "u.created_us, u.changed_us, s.id, s.connection_id, s.external_id, s.attributes, s.version, "  \
    "s.created_us, s.changed_us"

/* A tombstone hides the person, a live row shows them again. (As an anti join: PostgreSQL would
 * read the whole table for a NOT EXISTS behind OR.) */
#define PEOPLE                                                                                     \
    " FROM org_user u LEFT JOIN scim_user s ON s.org_id = u.org_id AND s.user_id = u.id AND "      \
    "s.is_live = 1 WHERE u.org_id = $1 AND u.state NOT IN ('anonymised', 'erased') AND "           \
    "NOT EXISTS (SELECT 1 FROM scim_user t WHERE t.org_id = u.org_id AND t.user_id = u.id AND "    \
    "t.is_live = 0 AND s.id IS NULL)"

/* What follows each: $2 the first key, $3 the second. */
#define WITH_KEY " AND u.id = $2"
#define WITH_ID                                                                                    \
    " AND u.id IN (SELECT l.user_id FROM scim_user l WHERE l.org_id = $1 AND l.id = $2 UNION ALL " \
    "SELECT o.id FROM org_user o WHERE o.org_id = $1 AND o.id = $2) AND coalesce(s.id, u.id) = $2"
#define WITH_USER_NAME   " AND u.name_key = $2"
#define WITH_EXTERNAL_ID " AND s.org_id = $1 AND s.connection_id = $2 AND s.external_id = $3"
/* People without a row of their own show their address as the one of type "work". */
#define WITH_EMAIL                                                                                 \
    " AND u.id IN (SELECT e.user_id FROM scim_email e WHERE e.org_id = $1 AND e.value_key = $2 "   \
    "UNION ALL SELECT o.id FROM org_user o WHERE o.org_id = $1 AND o.email_key = $2 AND NOT "      \
    "EXISTS (SELECT 1 FROM scim_user l WHERE l.org_id = $1 AND l.user_id = o.id))"
#define WITH_TYPED_EMAIL                                                                           \
    " AND u.id IN (SELECT e.user_id FROM scim_email e WHERE e.org_id = $1 AND e.value_key = $2 "   \
    "AND e.type_key = $3 UNION ALL SELECT o.id FROM org_user o WHERE o.org_id = $1 AND "           \
    "o.email_key = $2 AND $3 = 'work' AND NOT EXISTS (SELECT 1 FROM scim_user l WHERE "            \
    "l.org_id = $1 AND l.user_id = o.id))"
#define WITH_DISPLAY_NAME                                                                          \
    " AND u.id IN (SELECT l.user_id FROM scim_user l WHERE l.org_id = $1 AND l.display_key = $2 "  \
    "AND l.is_live = 1 UNION ALL SELECT o.id FROM org_user o WHERE o.org_id = $1 AND "             \
    "o.display_key = $2 AND NOT EXISTS (SELECT 1 FROM scim_user l WHERE l.org_id = $1 AND "        \
    "l.user_id = o.id))"
#define WITH_ACTIVE   " AND u.state IN ('active', 'invited')"
#define WITH_INACTIVE " AND u.state IN ('suspended', 'deactivated')"
/* Directly, or in a group inside. UNION, not UNION ALL: a cycle of groups ends. */
#define WITH_GROUP                                                                                 \
    " AND u.id IN (WITH RECURSIVE down (id) AS (SELECT CAST($2 AS TEXT) UNION SELECT m.child_id "  \
    "FROM down JOIN scim_group_member m ON m.group_id = down.id WHERE m.org_id = $1 AND "          \
    "m.child_id IS NOT NULL) SELECT d.user_id FROM down JOIN scim_group_member d ON d.group_id = " \
    "down.id WHERE d.org_id = $1 AND d.user_id IS NOT NULL)"

/* `after`: the person's id behind which to go on. Pages are sought, never skipped to. */
#define PAGE(name, with, after, limit)                                                             \
    {                                                                                              \
        "scim_user.page_" name, TENANT,                                                            \
            "SELECT " COLUMNS PEOPLE with " AND u.id > " after " ORDER BY u.id LIMIT " limit, NULL \
    }
#define PLACE(name, with, offset)                                                                  \
    {                                                                                              \
        "scim_user.place_" name, TENANT,                                                           \
            "SELECT u.id" PEOPLE with " ORDER BY u.id LIMIT 1 OFFSET " offset, NULL                \
    }
#define TALLY(name, with)                                                                          \
    { "scim_user.count_" name, TENANT, "SELECT count(*)" PEOPLE with, NULL }

static const struct statement PAGES[] = {
    [BY_NOTHING] = PAGE("all", "", "$2", "$3"),
    [BY_KEY] = PAGE("key", WITH_KEY, "$3", "$4"),
    [BY_ID] = PAGE("id", WITH_ID, "$3", "$4"),
    [BY_USER_NAME] = PAGE("user_name", WITH_USER_NAME, "$3", "$4"),
    [BY_EXTERNAL_ID] = PAGE("external_id", WITH_EXTERNAL_ID, "$4", "$5"),
    [BY_EMAIL] = PAGE("email", WITH_EMAIL, "$3", "$4"),
    [BY_TYPED_EMAIL] = PAGE("typed_email", WITH_TYPED_EMAIL, "$4", "$5"),
    [BY_DISPLAY_NAME] = PAGE("display_name", WITH_DISPLAY_NAME, "$3", "$4"),
    [BY_ACTIVE] = PAGE("active", WITH_ACTIVE, "$2", "$3"),
    [BY_INACTIVE] = PAGE("inactive", WITH_INACTIVE, "$2", "$3"),
    [BY_GROUP] = PAGE("group", WITH_GROUP, "$3", "$4"),
};

static const struct statement PLACES[] = {
    [BY_NOTHING] = PLACE("all", "", "$2"),
    [BY_KEY] = PLACE("key", WITH_KEY, "$3"),
    [BY_ID] = PLACE("id", WITH_ID, "$3"),
    [BY_USER_NAME] = PLACE("user_name", WITH_USER_NAME, "$3"),
    [BY_EXTERNAL_ID] = PLACE("external_id", WITH_EXTERNAL_ID, "$4"),
    [BY_EMAIL] = PLACE("email", WITH_EMAIL, "$3"),
    [BY_TYPED_EMAIL] = PLACE("typed_email", WITH_TYPED_EMAIL, "$4"),
    [BY_DISPLAY_NAME] = PLACE("display_name", WITH_DISPLAY_NAME, "$3"),
    [BY_ACTIVE] = PLACE("active", WITH_ACTIVE, "$2"),
    [BY_INACTIVE] = PLACE("inactive", WITH_INACTIVE, "$2"),
    [BY_GROUP] = PLACE("group", WITH_GROUP, "$3"),
};

static const struct statement COUNTS[] = {
    [BY_NOTHING] = TALLY("all", ""),
    [BY_KEY] = TALLY("key", WITH_KEY),
    [BY_ID] = TALLY("id", WITH_ID),
    [BY_USER_NAME] = TALLY("user_name", WITH_USER_NAME),
    [BY_EXTERNAL_ID] = TALLY("external_id", WITH_EXTERNAL_ID),
    [BY_EMAIL] = TALLY("email", WITH_EMAIL),
    [BY_TYPED_EMAIL] = TALLY("typed_email", WITH_TYPED_EMAIL),
    [BY_DISPLAY_NAME] = TALLY("display_name", WITH_DISPLAY_NAME),
    [BY_ACTIVE] = TALLY("active", WITH_ACTIVE),
    [BY_INACTIVE] = TALLY("inactive", WITH_INACTIVE),
    [BY_GROUP] = TALLY("group", WITH_GROUP),
};

/* How many keys each search has. */
static const size_t KEYS[] = {
    [BY_NOTHING] = 0,     [BY_KEY] = 1,      [BY_ID] = 1,          [BY_USER_NAME] = 1,
    [BY_EXTERNAL_ID] = 2, [BY_EMAIL] = 1,    [BY_TYPED_EMAIL] = 2, [BY_DISPLAY_NAME] = 1,
    [BY_ACTIVE] = 0,      [BY_INACTIVE] = 0, [BY_GROUP] = 1,
};

/* What people are searched by ends here. */
static const enum scim_by MOST_BY = BY_GROUP;
static_assert(sizeof PAGES / sizeof PAGES[0] == BY_GROUP + 1, "every search has a page");
static_assert(sizeof PLACES / sizeof PLACES[0] == BY_GROUP + 1, "every search has places");
static_assert(sizeof COUNTS / sizeof COUNTS[0] == BY_GROUP + 1, "every search has a count");
static_assert(sizeof KEYS / sizeof KEYS[0] == BY_GROUP + 1, "every search has its keys");

static const struct statement FIND_DELETED = {
    "scim_user.find_deleted", TENANT,
    "SELECT s.user_id FROM scim_user s JOIN org_user u ON u.org_id = s.org_id AND u.id = s.user_id "
    "WHERE s.org_id = $1 AND s.connection_id = $2 AND s.external_id = $3 AND s.is_live = 0 AND "
    "u.state NOT IN ('anonymised', 'erased') AND NOT EXISTS (SELECT 1 FROM scim_user l WHERE "
    "l.org_id = $1 AND l.user_id = s.user_id AND l.is_live = 1) ORDER BY s.deleted_us DESC, "
    "s.id DESC LIMIT 1",
    NULL};

static const struct statement INSERT_ROW = {
    "scim_user.insert", TENANT,
    "INSERT INTO scim_user (org_id, id, user_id, connection_id, external_id, display_key, "
    "attributes, version, is_live, created_us, changed_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)",
    NULL};

static const struct statement UPDATE_ROW = {
    "scim_user.update", TENANT,
    "UPDATE scim_user SET connection_id = $3, external_id = $4, display_key = $5, attributes = $6, "
    "version = $7, changed_us = $8 WHERE org_id = $1 AND id = $2 AND is_live = 1",
    NULL};

static const struct statement BURY = {
    "scim_user.bury", TENANT,
    "UPDATE scim_user SET is_live = 0, attributes = '{}', display_key = NULL, deleted_us = $3, "
    "changed_us = $3 WHERE org_id = $1 AND id = $2 AND is_live = 1",
    NULL};

static const struct statement CLEAR_EMAILS = {
    "scim_user.clear_emails", TENANT, "DELETE FROM scim_email WHERE org_id = $1 AND scim_id = $2",
    NULL};

static const struct statement INSERT_EMAIL = {
    "scim_user.insert_email", TENANT,
    "INSERT INTO scim_email (org_id, scim_id, position, user_id, value_key, type_key) "
    "VALUES ($1, $2, $3, $4, $5, $6)",
    NULL};

static const struct statement *const STATEMENTS[] = {
    &PAGES[BY_NOTHING],
    &PAGES[BY_KEY],
    &PAGES[BY_ID],
    &PAGES[BY_USER_NAME],
    &PAGES[BY_EXTERNAL_ID],
    &PAGES[BY_EMAIL],
    &PAGES[BY_TYPED_EMAIL],
    &PAGES[BY_DISPLAY_NAME],
    &PAGES[BY_ACTIVE],
    &PAGES[BY_INACTIVE],
    &PAGES[BY_GROUP],
    &PLACES[BY_NOTHING],
    &PLACES[BY_KEY],
    &PLACES[BY_ID],
    &PLACES[BY_USER_NAME],
    &PLACES[BY_EXTERNAL_ID],
    &PLACES[BY_EMAIL],
    &PLACES[BY_TYPED_EMAIL],
    &PLACES[BY_DISPLAY_NAME],
    &PLACES[BY_ACTIVE],
    &PLACES[BY_INACTIVE],
    &PLACES[BY_GROUP],
    &COUNTS[BY_NOTHING],
    &COUNTS[BY_KEY],
    &COUNTS[BY_ID],
    &COUNTS[BY_USER_NAME],
    &COUNTS[BY_EXTERNAL_ID],
    &COUNTS[BY_EMAIL],
    &COUNTS[BY_TYPED_EMAIL],
    &COUNTS[BY_DISPLAY_NAME],
    &COUNTS[BY_ACTIVE],
    &COUNTS[BY_INACTIVE],
    &COUNTS[BY_GROUP],
    &FIND_DELETED,
    &INSERT_ROW,
    &UPDATE_ROW,
    &BURY,
    &CLEAR_EMAILS,
    &INSERT_EMAIL,
};
const struct statement_list SCIM_USER_STATEMENTS = {STATEMENTS,
                                                    sizeof STATEMENTS / sizeof *STATEMENTS};

static result decode_user(struct scope *scope, const struct rows *rows, size_t row,
                          struct user *ret) {
    struct user user = {
        .id = rows_text(rows, row, 0),
        .user_name = rows_text(rows, row, 1),
        .display_name = rows_text(rows, row, 2),
        .email = rows_text(rows, row, 3),
        .epoch = rows_number(rows, row, 6),
        .revoked_seq = rows_number(rows, row, 7),
        .created_us = rows_number(rows, row, 8),
        .changed_us = rows_number(rows, row, 9),
    };
    TRY(user_state_parse(scope, rows_text(rows, row, 4), &user.state));
    TRY(role_parse(scope, rows_text(rows, row, 5), &user.role));
    *ret = user;
    return OK_RESULT;
}

static result decode(struct scope *scope, struct str org_id, const struct rows *rows, size_t row,
                     struct scim_row *ret) {
    struct scim_row found = {.is_stored = !rows_is_null(rows, row, 10)};
    TRY(decode_user(scope, rows, row, &found.user));
    found.user.org_id = org_id;
    found.id = found.is_stored ? rows_text(rows, row, 10) : found.user.id;
    found.connection_id = rows_text(rows, row, 11);
    found.external_id = rows_text(rows, row, 12);
    found.attributes = rows_text(rows, row, 13);
    found.version = rows_number(rows, row, 14);
    found.created_us = found.is_stored ? rows_number(rows, row, 15) : found.user.created_us;
    found.changed_us = found.is_stored ? rows_number(rows, row, 16) : found.user.changed_us;
    *ret = found;
    return OK_RESULT;
}

enum { MOST_VALUES = 5 };

/* $1 org_id and the keys. */
static size_t fill(struct value values[MOST_VALUES], struct str org_id,
                   const struct scim_search *search) {
    assert(search->by <= MOST_BY);
    const size_t keys = KEYS[search->by];
    values[0] = value_text(org_id);
    values[1] = value_text(search->a);
    values[2] = value_text(search->b);
    return 1 + keys;
}

result scim_user_store_search(struct scope *scope, struct db *db, struct str org_id,
                              const struct scim_search *search, struct scim_row_range range,
                              struct scim_row_list *ret) {
    struct value values[MOST_VALUES];
    size_t count = fill(values, org_id, search);
    values[count++] = value_text(range.after);
    values[count++] = value_number(range.limit);
    struct rows rows;
    TRY(db_run(scope, db, &PAGES[search->by], (struct values){values, count}, &rows));
    struct scim_row_list list = {rows.count, NEW_ARRAY(scope->arena, rows.count, struct scim_row)};
    for (size_t i = 0; i < rows.count; i++) {
        TRY(decode(scope, org_id, &rows, i, &list.rows[i]));
    }
    *ret = list;
    return OK_RESULT;
}

result scim_user_store_place(struct scope *scope, struct db *db, struct str org_id,
                             const struct scim_search *search, int64_t place, struct str *ret_id) {
    struct value values[MOST_VALUES];
    size_t count = fill(values, org_id, search);
    values[count++] = value_number(place - 1);
    struct rows rows;
    TRY(db_run(scope, db, &PLACES[search->by], (struct values){values, count}, &rows));
    *ret_id = rows.count == 1 ? rows_text(&rows, 0, 0) : STR("");
    return OK_RESULT;
}

result scim_user_store_count(struct scope *scope, struct db *db, struct str org_id,
                             const struct scim_search *search, int64_t *ret) {
    struct value values[MOST_VALUES];
    const size_t count = fill(values, org_id, search);
    struct rows rows;
    TRY(db_run(scope, db, &COUNTS[search->by], (struct values){values, count}, &rows));
    *ret = rows_number(&rows, 0, 0);
    return OK_RESULT;
}

result scim_user_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                            struct scim_row *ret) {
    const struct scim_search search = {.by = BY_ID, .a = id};
    struct scim_row_list list;
    TRY(scim_user_store_search(scope, db, org_id, &search, (struct scim_row_range){.limit = 1},
                               &list));
    REQUIRE(scope, list.count == 1, NOT_FOUND, "scim.unknown");
    *ret = list.rows[0];
    return OK_RESULT;
}

result scim_user_store_find_deleted(struct scope *scope, struct db *db, struct str org_id,
                                    struct str connection_id, struct str external_id,
                                    struct str *ret_user_id) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND_DELETED,
               VALUES(value_text(org_id), value_text(connection_id), value_text(external_id)),
               &rows));
    *ret_user_id = rows.count == 1 ? rows_text(&rows, 0, 0) : STR("");
    return OK_RESULT;
}

result scim_user_store_insert(struct scope *scope, struct tx *tx, const struct scim_row *row) {
    struct rows rows;
    const result inserted =
        tx_run(scope, tx, &INSERT_ROW,
               VALUES(value_text(row->user.org_id), value_text(row->id), value_text(row->user.id),
                      value_text(row->connection_id), value_text_or_null(row->external_id),
                      value_text_or_null(row->display_key), value_text(row->attributes),
                      value_number(row->version), value_number(row->created_us),
                      value_number(row->changed_us)),
               &rows);
    if (inserted.code == CONFLICT) {
        return FAIL(scope, CONFLICT, "scim.raced");
    }
    return inserted;
}

result scim_user_store_update(struct scope *scope, struct tx *tx, const struct scim_row *row) {
    struct rows rows;
    TRY(tx_run(scope, tx, &UPDATE_ROW,
               VALUES(value_text(row->user.org_id), value_text(row->id),
                      value_text(row->connection_id), value_text_or_null(row->external_id),
                      value_text_or_null(row->display_key), value_text(row->attributes),
                      value_number(row->version), value_number(row->changed_us)),
               &rows));
    REQUIRE(scope, rows.changed == 1, CONFLICT, "scim.raced");
    return OK_RESULT;
}

result scim_user_store_set_emails(struct scope *scope, struct tx *tx, const struct scim_row *row,
                                  const struct scim_email_key *keys, size_t count) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CLEAR_EMAILS, VALUES(value_text(row->user.org_id), value_text(row->id)),
               &rows));
    for (size_t i = 0; i < count; i++) {
        TRY(tx_run(scope, tx, &INSERT_EMAIL,
                   VALUES(value_text(row->user.org_id), value_text(row->id),
                          value_number((int64_t) i), value_text(row->user.id),
                          value_text(keys[i].value_key), value_text(keys[i].type_key)),
                   &rows));
    }
    return OK_RESULT;
}

result scim_user_store_bury(struct scope *scope, struct tx *tx, const struct scim_row *row,
                            int64_t now_us) {
    struct rows rows;
    TRY(scim_user_store_set_emails(scope, tx, row, NULL, 0));
    TRY(tx_run(scope, tx, &BURY,
               VALUES(value_text(row->user.org_id), value_text(row->id), value_number(now_us)),
               &rows));
    REQUIRE(scope, rows.changed == 1, CONFLICT, "scim.raced");
    return OK_RESULT;
}
