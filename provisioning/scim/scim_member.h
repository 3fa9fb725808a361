#pragma once
/* The members of a group. A request's changes of them come down to rows put in and taken out; a
 * group is never held in memory as a whole. */

#include "provisioning/scim/scim_member_store.h"
#include "provisioning/scim/scim_record.h"

/* Members that one answer shows at most, of all its groups together, and that are held in memory of
 * one group to be compared. */
enum { SCIM_MEMBERS_SHOWN_MAX = 250 * 1000, SCIM_MEMBERS_COMPARED_MAX = 1000 };

struct scim_member_change {
    struct str group_id;
    const struct scim_row_changes *changes; /* in the order of the request */
    bool is_replacement;                    /* PUT: who is not named goes */
    int64_t now_us;
};

/* In the transaction that holds the group's lock. *ret_has_changed is false when every row was so
 * already. INVALID "scim.member" for an id that is nobody's, "scim.value", "scim.no_target",
 * "scim.mutability" for a change of a member itself. */
RESULT scim_member_apply(struct scope *scope, const struct scim_source *source, struct tx *tx,
                         const struct scim_member_change *change, bool *ret_has_changed);

/* Which parts of a member an answer shows. */
struct scim_member_view {
    bool has_members, has_value, has_ref, has_type, has_display;
};
struct scim_member_view scim_member_view_of(const struct scim_projection *projection);

/* "members": […], read and written piece by piece; nothing when there are none. `budget` is what
 * the answer has left. INVALID "scim.too_many_members". */
RESULT scim_member_write(struct scope *scope, const struct scim_source *source, struct db *db,
                         struct str group_id, const struct scim_member_view *view,
                         struct json_out *out, int64_t *budget);
/* For what is compared beyond an index: the members that `filter` names, when it asks of them only
 * who they are; else all of them, within the budget. NULL when there are none. */
RESULT scim_member_read(struct scope *scope, const struct scim_source *source, struct db *db,
                        struct str group_id, const struct scim_filter *filter, int64_t *budget,
                        const struct json **ret);
/* User.groups; NULL when there are none. */
RESULT scim_member_groups(struct scope *scope, const struct scim_source *source, struct db *db,
                          struct str user_id, const struct json **ret);
