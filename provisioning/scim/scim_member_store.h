#pragma once
/* SQL of memberships: one row each, with an index both ways. A member is a person or a group, under
 * its SCIM id. Writers hold the lock of the group (scim_group_store_lock). */

#include "base/db.h"

struct scim_member {
    struct str id; /* SCIM id */
    bool is_group;
    struct str display; /* empty unless asked for */
};

struct scim_member_list {
    size_t count;
    struct scim_member *members;
};

/* A group somebody is in. */
struct scim_membership {
    struct str group_id, display_name;
    bool is_direct; /* else through another group */
};

struct scim_membership_list {
    size_t count;
    struct scim_membership *memberships;
};

/* One membership of one group. */
struct scim_member_key {
    struct str org_id, group_id, member_id;
};

extern const struct statement_list SCIM_MEMBER_STATEMENTS;

/* Up to `limit` members behind the id `after` (empty: from the first), sorted by id. Members that
 * have been deleted are not among them. */
RESULT scim_member_store_page(struct scope *scope, struct db *db,
                              const struct scim_member_key *after, bool has_display, int64_t limit,
                              struct scim_member_list *ret);
RESULT scim_member_store_has(struct scope *scope, struct db *db, const struct scim_member_key *key,
                             bool *ret);
/* All groups that the member is in, directly or through others, each once; up to `limit`. */
RESULT scim_member_store_groups(struct scope *scope, struct db *db, struct str org_id,
                                struct str member_id, int64_t limit,
                                struct scim_membership_list *ret);

/* Sent, to be settled by the next call that waits: `(*ret)->changed` is 0 when it was a member
 * already. An id that is nobody's fails there with INVALID "db.check". */
RESULT scim_member_store_add_send(struct scope *scope, struct tx *tx,
                                  const struct scim_member_key *key, int64_t now_us,
                                  const struct rows **ret);
/* `(*ret)->changed` is 0 when it was no member. */
RESULT scim_member_store_remove_send(struct scope *scope, struct tx *tx,
                                     const struct scim_member_key *key, const struct rows **ret);
RESULT scim_member_store_clear(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str group_id, int64_t *ret_removed);
/* Takes somebody who is being deleted out of all groups; the tags of those change. */
RESULT scim_member_store_leave(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str member_id, int64_t now_us);
