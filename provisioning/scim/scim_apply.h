#pragma once
/* One change at one place of a resource: the step that PATCH operations, and the members of POST
 * and PUT bodies, come down to. */

#include "provisioning/scim/scim_path.h"
#include "provisioning/scim/scim_value.h"

enum scim_op_kind { SCIM_ADD, SCIM_REPLACE, SCIM_REMOVE };

struct scim_change {
    enum scim_op_kind kind;
    struct scim_path path;
    const struct json *value; /* NULL: none was given */
    bool skips_read_only;     /* POST and PUT: what is ours to say is ignored, not refused */
};

/* Changes of attributes whose values are rows of their own, in the order of the request: not
 * applied to the resource but kept for whoever writes the rows. */
struct scim_row_changes {
    size_t count, room;
    struct scim_change *changes;
};

/* `resource` is changed in place, unless the change fails. INVALID "scim.value", "scim.mutability",
 * "scim.no_target", "scim.attribute", "scim.path". */
RESULT scim_apply(struct scope *scope, const struct scim_rules *rules,
                  const struct scim_change *change, struct json *resource);
/* The members of an object, each at the place that its key names: plain, dotted, URN, or a path. */
RESULT scim_apply_members(struct scope *scope, const struct scim_rules *rules,
                          const struct scim_change *change, struct json *resource);
