#include "provisioning/scim/scim_member_store.h"

#include "base/arena.h"

/* The person of a live SCIM id. */
#define PERSON                                                                                     \
    "(SELECT o.id FROM scim_user l JOIN org_user o ON o.org_id = l.org_id AND o.id = l.user_id "   \
    "WHERE l.org_id = $1 AND l.id = $3 AND l.is_live = 1 AND o.state NOT IN ('anonymised', "       \
    "'erased') UNION ALL SELECT o.id FROM org_user o WHERE o.org_id = $1 AND o.id = $3 AND "       \
    "o.state NOT IN ('anonymised', 'erased') AND NOT EXISTS (SELECT 1 FROM scim_user t WHERE "     \
    "t.org_id = $1 AND t.user_id = o.id))"

/* Of nobody's id both user_id and child_id are null, which the table does not take. */
static const struct statement ADD = {
    "scim_member.add", TENANT,
    "INSERT INTO scim_group_member (org_id, group_id, member_id, user_id, child_id, added_us) "
    "VALUES ($1, $2, $3, " PERSON ", (SELECT g.id FROM scim_group g WHERE g.org_id = $1 AND g.id = "
    "$3), $4) ON CONFLICT (org_id, group_id, member_id) DO NOTHING",
    NULL};

static const struct statement REMOVE = {
    "scim_member.remove", TENANT,
    "DELETE FROM scim_group_member WHERE org_id = $1 AND group_id = $2 AND member_id = $3", NULL};

static const struct statement CLEAR = {
    "scim_member.clear", TENANT,
    "DELETE FROM scim_group_member WHERE org_id = $1 AND group_id = $2", NULL};

static const struct statement HAS = {
    "scim_member.has", TENANT,
    "SELECT 1 FROM scim_group_member m WHERE m.org_id = $1 AND m.group_id = $2 AND m.member_id = "
    "$3 AND NOT EXISTS (SELECT 1 FROM scim_user t WHERE t.org_id = $1 AND t.id = $3 AND t.is_live "
    "= 0)",
    NULL};

/* A deletion that ran beside an addition may have left a row: it counts for nothing. */
#define MEMBERS                                                                                    \
    " WHERE m.org_id = $1 AND m.group_id = $2 AND m.member_id > $3 AND NOT EXISTS (SELECT 1 FROM " \
    "scim_user t WHERE t.org_id = $1 AND t.id = m.member_id AND t.is_live = 0) ORDER BY "          \
    "m.member_id LIMIT $4"

static const struct statement PAGE = {
    "scim_member.page", TENANT, "SELECT m.member_id, m.child_id FROM scim_group_member m" MEMBERS,
    NULL};

static const struct statement PAGE_DISPLAY = {
    "scim_member.page_display", TENANT,
    "SELECT m.member_id, m.child_id, coalesce(c.display_name, nullif(u.display_name, ''), "
    "u.user_name) FROM scim_group_member m LEFT JOIN org_user u ON u.org_id = m.org_id AND u.id = "
    "m.user_id LEFT JOIN scim_group c ON c.org_id = m.org_id AND c.id = m.child_id" MEMBERS,
    NULL};

/* UNION, not UNION ALL: a group that was reached is not reached again, so that a cycle ends. */
static const struct statement GROUPS = {
    "scim_member.groups", TENANT,
    "WITH RECURSIVE up (id) AS (SELECT m.group_id FROM scim_group_member m WHERE m.org_id = $1 AND "
    "m.member_id = $2 UNION SELECT m.group_id FROM up JOIN scim_group_member m ON m.member_id = "
    "up.id WHERE m.org_id = $1) SELECT g.id, g.display_name, CASE WHEN EXISTS (SELECT 1 FROM "
    "scim_group_member d WHERE d.org_id = $1 AND d.group_id = g.id AND d.member_id = $2) THEN "
    "'direct' ELSE 'indirect' END FROM scim_group g JOIN up ON up.id = g.id WHERE g.org_id = $1 "
    "ORDER BY g.id LIMIT $3",
    NULL};

/* In one order for everybody, so that two who lock them never wait for each other. */
static const struct statement GROUPS_OF = {
    "scim_member.groups_of", TENANT,
    "SELECT group_id FROM scim_group_member WHERE org_id = $1 AND member_id = $2 ORDER BY group_id",
    NULL};

static const struct statement LOCK_GROUP = {
    "scim_member.lock_group", TENANT,
    "UPDATE scim_group SET changed_us = changed_us WHERE org_id = $1 AND id = $2", NULL};

static const struct statement LEAVE = {
    "scim_member.leave", TENANT,
    "DELETE FROM scim_group_member WHERE org_id = $1 AND member_id = $2 RETURNING group_id", NULL};

static const struct statement TOUCH_GROUP = {
    "scim_member.touch_group", TENANT,
    "UPDATE scim_group SET version = version + 1, changed_us = $3 WHERE org_id = $1 AND id = $2",
    NULL};

static const struct statement *const STATEMENTS[] = {
    &ADD,    &REMOVE,    &CLEAR,      &HAS,   &PAGE,        &PAGE_DISPLAY,
    &GROUPS, &GROUPS_OF, &LOCK_GROUP, &LEAVE, &TOUCH_GROUP,
};
const struct statement_list SCIM_MEMBER_STATEMENTS = {STATEMENTS,
                                                      sizeof STATEMENTS / sizeof *STATEMENTS};

result scim_member_store_page(struct scope *scope, struct db *db,
                              const struct scim_member_key *after, bool has_display, int64_t limit,
                              struct scim_member_list *ret) {
    struct rows rows;
    TRY(db_run(scope, db, has_display ? &PAGE_DISPLAY : &PAGE,
               VALUES(value_text(after->org_id), value_text(after->group_id),
                      value_text(after->member_id), value_number(limit)),
               &rows));
    struct scim_member_list list = {rows.count,
                                    NEW_ARRAY(scope->arena, rows.count, struct scim_member)};
    for (size_t i = 0; i < rows.count; i++) {
        list.members[i] = (struct scim_member){
            .id = rows_text(&rows, i, 0),
            .is_group = !rows_is_null(&rows, i, 1),
            .display = has_display ? rows_text(&rows, i, 2) : STR(""),
        };
    }
    *ret = list;
    return OK_RESULT;
}

static struct values values_of(struct scope *scope, const struct scim_member_key *key) {
    struct value *values = NEW_ARRAY(scope->arena, 3, struct value);
    values[0] = value_text(key->org_id);
    values[1] = value_text(key->group_id);
    values[2] = value_text(key->member_id);
    return (struct values){values, 3};
}

result scim_member_store_has(struct scope *scope, struct db *db, const struct scim_member_key *key,
                             bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &HAS, values_of(scope, key), &rows));
    *ret = rows.count > 0;
    return OK_RESULT;
}

result scim_member_store_groups(struct scope *scope, struct db *db, struct str org_id,
                                struct str member_id, int64_t limit,
                                struct scim_membership_list *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &GROUPS,
               VALUES(value_text(org_id), value_text(member_id), value_number(limit)), &rows));
    struct scim_membership_list list = {
        rows.count, NEW_ARRAY(scope->arena, rows.count, struct scim_membership)};
    for (size_t i = 0; i < rows.count; i++) {
        list.memberships[i] = (struct scim_membership){
            .group_id = rows_text(&rows, i, 0),
            .display_name = rows_text(&rows, i, 1),
            .is_direct = str_eq(rows_text(&rows, i, 2), STR("direct")),
        };
    }
    *ret = list;
    return OK_RESULT;
}

result scim_member_store_add_send(struct scope *scope, struct tx *tx,
                                  const struct scim_member_key *key, int64_t now_us,
                                  const struct rows **ret) {
    return tx_send(scope, tx, &ADD,
                   VALUES(value_text(key->org_id), value_text(key->group_id),
                          value_text(key->member_id), value_number(now_us)),
                   ret);
}

result scim_member_store_remove_send(struct scope *scope, struct tx *tx,
                                     const struct scim_member_key *key, const struct rows **ret) {
    return tx_send(scope, tx, &REMOVE, values_of(scope, key), ret);
}

result scim_member_store_clear(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str group_id, int64_t *ret_removed) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CLEAR, VALUES(value_text(org_id), value_text(group_id)), &rows));
    *ret_removed = rows.changed;
    return OK_RESULT;
}

result scim_member_store_leave(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str member_id, int64_t now_us) {
    struct rows groups;
    struct rows left;
    const struct values key = VALUES(value_text(org_id), value_text(member_id));
    TRY(tx_run(scope, tx, &GROUPS_OF, key, &groups));
    if (groups.count == 0) {
        return OK_RESULT;
    }
    for (size_t i = 0; i < groups.count; i++) {
        TRY(tx_send(scope, tx, &LOCK_GROUP,
                    VALUES(value_text(org_id), value_text(rows_text(&groups, i, 0))), NULL));
    }
    TRY(tx_run(scope, tx, &LEAVE, key, &left));
    for (size_t i = 0; i < left.count; i++) {
        TRY(tx_send(
            scope, tx, &TOUCH_GROUP,
            VALUES(value_text(org_id), value_text(rows_text(&left, i, 0)), value_number(now_us)),
            NULL));
    }
    return tx_settle(scope, tx);
}
