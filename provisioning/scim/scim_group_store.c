#include "provisioning/scim/scim_group_store.h"

#include <assert.h>

#include "base/arena.h"

#define COLUMNS                                                                                    \
    "id, connection_id, external_id, display_name, display_key, attributes, version, created_us, " \
    "changed_us"
#define GROUPS " FROM scim_group WHERE org_id = $1"

/* What follows each: $2 the first key, $3 the second. */
#define WITH_ID           " AND id = $2"
#define WITH_DISPLAY_NAME " AND display_key = $2"
#define WITH_EXTERNAL_ID  " AND connection_id = $2 AND external_id = $3"
#define WITH_MEMBER                                                                                \
    " AND id IN (SELECT m.group_id FROM scim_group_member m WHERE m.org_id = $1 AND m.member_id "  \
    "= $2) AND NOT EXISTS (SELECT 1 FROM scim_user t WHERE t.org_id = $1 AND t.id = $2 AND "       \
    "t.is_live = 0)"

/* The columns of one row by which groups are found, one statement each. */
enum way {
    GROUP_BY_NOTHING,
    GROUP_BY_ID,
    GROUP_BY_DISPLAY_NAME,
    GROUP_BY_EXTERNAL_ID,
    GROUP_BY_MEMBER,
    WAY_COUNT
};

/* `after`: the id behind which to go on. Pages are sought, never skipped to. */
#define PAGE(name, with, after, limit)                                                             \
    {                                                                                              \
        "scim_group.page_" name, TENANT,                                                           \
            "SELECT " COLUMNS GROUPS with " AND id > " after " ORDER BY id LIMIT " limit, NULL     \
    }
#define PLACE(name, with, offset)                                                                  \
    {                                                                                              \
        "scim_group.place_" name, TENANT,                                                          \
            "SELECT id" GROUPS with " ORDER BY id LIMIT 1 OFFSET " offset, NULL                    \
    }
#define TALLY(name, with)                                                                          \
    { "scim_group.count_" name, TENANT, "SELECT count(*)" GROUPS with, NULL }

static const struct statement PAGES[] = {
    [GROUP_BY_NOTHING] = PAGE("all", "", "$2", "$3"),
    [GROUP_BY_ID] = PAGE("id", WITH_ID, "$3", "$4"),
    [GROUP_BY_DISPLAY_NAME] = PAGE("display_name", WITH_DISPLAY_NAME, "$3", "$4"),
    [GROUP_BY_EXTERNAL_ID] = PAGE("external_id", WITH_EXTERNAL_ID, "$4", "$5"),
    [GROUP_BY_MEMBER] = PAGE("member", WITH_MEMBER, "$3", "$4"),
};

static const struct statement PLACES[] = {
    [GROUP_BY_NOTHING] = PLACE("all", "", "$2"),
    [GROUP_BY_ID] = PLACE("id", WITH_ID, "$3"),
    [GROUP_BY_DISPLAY_NAME] = PLACE("display_name", WITH_DISPLAY_NAME, "$3"),
    [GROUP_BY_EXTERNAL_ID] = PLACE("external_id", WITH_EXTERNAL_ID, "$4"),
    [GROUP_BY_MEMBER] = PLACE("member", WITH_MEMBER, "$3"),
};

static const struct statement COUNTS[] = {
    [GROUP_BY_NOTHING] = TALLY("all", ""),
    [GROUP_BY_ID] = TALLY("id", WITH_ID),
    [GROUP_BY_DISPLAY_NAME] = TALLY("display_name", WITH_DISPLAY_NAME),
    [GROUP_BY_EXTERNAL_ID] = TALLY("external_id", WITH_EXTERNAL_ID),
    [GROUP_BY_MEMBER] = TALLY("member", WITH_MEMBER),
};

/* How many keys each search has. */
static const size_t KEYS[] = {
    [GROUP_BY_NOTHING] = 0,     [GROUP_BY_ID] = 1,     [GROUP_BY_DISPLAY_NAME] = 1,
    [GROUP_BY_EXTERNAL_ID] = 2, [GROUP_BY_MEMBER] = 1,
};

static_assert(sizeof PAGES / sizeof PAGES[0] == WAY_COUNT, "every search has a page");
static_assert(sizeof PLACES / sizeof PLACES[0] == WAY_COUNT, "every search has places");
static_assert(sizeof COUNTS / sizeof COUNTS[0] == WAY_COUNT, "every search has a count");
static_assert(sizeof KEYS / sizeof KEYS[0] == WAY_COUNT, "every search has its keys");

static enum way way_of(enum scim_by by) {
    switch (by) {
    case BY_NOTHING: return GROUP_BY_NOTHING;
    case BY_KEY:
    case BY_ID: return GROUP_BY_ID;
    case BY_DISPLAY_NAME: return GROUP_BY_DISPLAY_NAME;
    case BY_EXTERNAL_ID: return GROUP_BY_EXTERNAL_ID;
    case BY_MEMBER: return GROUP_BY_MEMBER;
    case BY_USER_NAME:
    case BY_EMAIL:
    case BY_TYPED_EMAIL:
    case BY_ACTIVE:
    case BY_INACTIVE:
    case BY_GROUP:
    case SCIM_BY_COUNT: break;
    }
    assert(false);
    return GROUP_BY_NOTHING;
}

static const struct statement LOCK = {
    "scim_group.lock", TENANT,
    "UPDATE scim_group SET changed_us = changed_us WHERE org_id = $1 AND id = $2 "
    "RETURNING " COLUMNS,
    NULL};

static const struct statement INSERT = {"scim_group.insert", TENANT,
                                        "INSERT INTO scim_group (org_id, " COLUMNS
                                        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                                        NULL};

static const struct statement UPDATE = {
    "scim_group.update", TENANT,
    "UPDATE scim_group SET connection_id = $3, external_id = $4, display_name = $5, display_key = "
    "$6, attributes = $7, version = $8, changed_us = $9 WHERE org_id = $1 AND id = $2",
    NULL};

static const struct statement DELETE = {
    "scim_group.delete", TENANT, "DELETE FROM scim_group WHERE org_id = $1 AND id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &PAGES[GROUP_BY_NOTHING],
    &PAGES[GROUP_BY_ID],
    &PAGES[GROUP_BY_DISPLAY_NAME],
    &PAGES[GROUP_BY_EXTERNAL_ID],
    &PAGES[GROUP_BY_MEMBER],
    &PLACES[GROUP_BY_NOTHING],
    &PLACES[GROUP_BY_ID],
    &PLACES[GROUP_BY_DISPLAY_NAME],
    &PLACES[GROUP_BY_EXTERNAL_ID],
    &PLACES[GROUP_BY_MEMBER],
    &COUNTS[GROUP_BY_NOTHING],
    &COUNTS[GROUP_BY_ID],
    &COUNTS[GROUP_BY_DISPLAY_NAME],
    &COUNTS[GROUP_BY_EXTERNAL_ID],
    &COUNTS[GROUP_BY_MEMBER],
    &LOCK,
    &INSERT,
    &UPDATE,
    &DELETE,
};
const struct statement_list SCIM_GROUP_STATEMENTS = {STATEMENTS,
                                                     sizeof STATEMENTS / sizeof *STATEMENTS};

static struct scim_group decode(struct str org_id, const struct rows *rows, size_t row) {
    return (struct scim_group){
        .org_id = org_id,
        .id = rows_text(rows, row, 0),
        .connection_id = rows_text(rows, row, 1),
        .external_id = rows_text(rows, row, 2),
        .display_name = rows_text(rows, row, 3),
        .display_key = rows_text(rows, row, 4),
        .attributes = rows_text(rows, row, 5),
        .version = rows_number(rows, row, 6),
        .created_us = rows_number(rows, row, 7),
        .changed_us = rows_number(rows, row, 8),
    };
}

enum { MOST_VALUES = 5 };

/* $1 org_id and the keys. */
static size_t fill(struct value values[MOST_VALUES], struct str org_id,
                   const struct scim_search *search) {
    values[0] = value_text(org_id);
    values[1] = value_text(search->a);
    values[2] = value_text(search->b);
    return 1 + KEYS[way_of(search->by)];
}

result scim_group_store_search(struct scope *scope, struct db *db, struct str org_id,
                               const struct scim_search *search, struct str after, int64_t limit,
                               struct scim_group_list *ret) {
    struct value values[MOST_VALUES];
    size_t count = fill(values, org_id, search);
    values[count++] = value_text(after);
    values[count++] = value_number(limit);
    struct rows rows;
    TRY(db_run(scope, db, &PAGES[way_of(search->by)], (struct values){values, count}, &rows));
    struct scim_group_list list = {rows.count,
                                   NEW_ARRAY(scope->arena, rows.count, struct scim_group)};
    for (size_t i = 0; i < rows.count; i++) {
        list.groups[i] = decode(org_id, &rows, i);
    }
    *ret = list;
    return OK_RESULT;
}

result scim_group_store_place(struct scope *scope, struct db *db, struct str org_id,
                              const struct scim_search *search, int64_t place, struct str *ret_id) {
    struct value values[MOST_VALUES];
    size_t count = fill(values, org_id, search);
    values[count++] = value_number(place - 1);
    struct rows rows;
    TRY(db_run(scope, db, &PLACES[way_of(search->by)], (struct values){values, count}, &rows));
    *ret_id = rows.count == 1 ? rows_text(&rows, 0, 0) : STR("");
    return OK_RESULT;
}

result scim_group_store_count(struct scope *scope, struct db *db, struct str org_id,
                              const struct scim_search *search, int64_t *ret) {
    struct value values[MOST_VALUES];
    const size_t count = fill(values, org_id, search);
    struct rows rows;
    TRY(db_run(scope, db, &COUNTS[way_of(search->by)], (struct values){values, count}, &rows));
    *ret = rows_number(&rows, 0, 0);
    return OK_RESULT;
}

result scim_group_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                             struct scim_group *ret) {
    const struct scim_search search = {.by = BY_ID, .a = id};
    struct scim_group_list list;
    TRY(scim_group_store_search(scope, db, org_id, &search, STR(""), 1, &list));
    REQUIRE(scope, list.count == 1, NOT_FOUND, "scim.unknown");
    *ret = list.groups[0];
    return OK_RESULT;
}

result scim_group_store_lock(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                             struct scim_group *ret) {
    struct rows rows;
    TRY(tx_run(scope, tx, &LOCK, VALUES(value_text(org_id), value_text(id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "scim.unknown");
    *ret = decode(org_id, &rows, 0);
    return OK_RESULT;
}

static result named(struct scope *scope, result done) {
    return done.code == CONFLICT ? FAIL(scope, CONFLICT, "scim.group_exists") : done;
}

result scim_group_store_insert(struct scope *scope, struct tx *tx, const struct scim_group *group) {
    return named(
        scope,
        tx_run(scope, tx, &INSERT,
               VALUES(value_text(group->org_id), value_text(group->id),
                      value_text(group->connection_id), value_text_or_null(group->external_id),
                      value_text(group->display_name), value_text(group->display_key),
                      value_text(group->attributes), value_number(group->version),
                      value_number(group->created_us), value_number(group->changed_us)),
               NULL));
}

result scim_group_store_update(struct scope *scope, struct tx *tx, const struct scim_group *group) {
    return named(
        scope,
        tx_run(scope, tx, &UPDATE,
               VALUES(value_text(group->org_id), value_text(group->id),
                      value_text(group->connection_id), value_text_or_null(group->external_id),
                      value_text(group->display_name), value_text(group->display_key),
                      value_text(group->attributes), value_number(group->version),
                      value_number(group->changed_us)),
               NULL));
}

result scim_group_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str id) {
    const result deleted =
        tx_run(scope, tx, &DELETE, VALUES(value_text(org_id), value_text(id)), NULL);
    return deleted.code == CONFLICT ? FAIL(scope, CONFLICT, "scim.raced") : deleted;
}
