#pragma once
/* SQL of groups as directories see them. Memberships are rows of their own (scim_member_store.h);
 * no statement here reads them but by their index. */

#include "base/db.h"
#include "provisioning/scim/scim_search.h"

/* A group as stored, without its members. */
struct scim_group {
    struct str org_id, id;
    struct str connection_id; /* whose external_id it is */
    struct str external_id;   /* empty: none */
    struct str display_name, display_key;
    struct str attributes; /* JSON: what has no column */
    int64_t version;       /* grows with every change, also of a membership */
    int64_t created_us, changed_us;
};

struct scim_group_list {
    size_t count;
    struct scim_group *groups;
};

extern const struct statement_list SCIM_GROUP_STATEMENTS;

/* Sorted by id, up to `limit` behind the id `after` (empty: from the first). Groups are searched by
 * nothing, BY_KEY and BY_ID (both the id), BY_DISPLAY_NAME, BY_EXTERNAL_ID and BY_MEMBER. */
RESULT scim_group_store_search(struct scope *scope, struct db *db, struct str org_id,
                               const struct scim_search *search, struct str after, int64_t limit,
                               struct scim_group_list *ret);
/* The id at that place, counted from 1; empty when there are fewer. */
RESULT scim_group_store_place(struct scope *scope, struct db *db, struct str org_id,
                              const struct scim_search *search, int64_t place, struct str *ret_id);
RESULT scim_group_store_count(struct scope *scope, struct db *db, struct str org_id,
                              const struct scim_search *search, int64_t *ret);
/* NOT_FOUND "scim.unknown". */
RESULT scim_group_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                             struct scim_group *ret);
/* The row is ours until the transaction ends: whoever changes a group or its members locks it
 * first. NOT_FOUND "scim.unknown". */
RESULT scim_group_store_lock(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                             struct scim_group *ret);

/* CONFLICT "scim.group_exists": another group has that name. */
RESULT scim_group_store_insert(struct scope *scope, struct tx *tx, const struct scim_group *group);
/* group->version as it shall be. */
RESULT scim_group_store_update(struct scope *scope, struct tx *tx, const struct scim_group *group);
/* Its memberships have to be gone. CONFLICT "scim.raced" when one has come in the meantime. */
RESULT scim_group_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str id);
