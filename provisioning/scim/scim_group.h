#pragma once
/* What a directory may do to groups. Each change is one transaction under the lock of the group's
 * row. A group stays as it is while one of its people is inactive; only a deletion takes them out.
 */

#include "provisioning/scim/scim_group_store.h"
#include "provisioning/scim/scim_people.h"

RESULT scim_group_find(struct scope *scope, const struct scim_source *source, struct db *db,
                       struct str id, struct scim_group *ret);

/* CONFLICT "scim.group_exists"; INVALID "scim.member" for a member that is nobody. */
RESULT scim_group_create(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct json *body, struct scim_group *ret);
/* CONFLICT "scim.precondition". */
RESULT scim_group_change(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct scim_edit *edit, struct scim_group *ret);
/* The memberships go, its own in other groups too. `edit` without a body. */
RESULT scim_group_delete(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct scim_edit *edit);

/* W/"…": grows with every change, also of a membership. */
struct str scim_group_version(struct scope *scope, const struct scim_group *group);
struct str scim_group_location(struct scope *scope, const struct scim_source *source,
                               const struct scim_group *group);
/* Without members. */
RESULT scim_group_show(struct scope *scope, const struct scim_source *source,
                       const struct scim_group *group, const struct json **ret);
/* One group as an answer shows it, with the members from their rows straight into the text; `shown`
 * as scim_group_show gave it. INVALID "scim.too_many_members". */
RESULT scim_group_write(struct scope *scope, const struct scim_source *source, struct db *db,
                        const struct scim_projection *projection, const struct json *shown,
                        struct json_out *out, int64_t *budget);
