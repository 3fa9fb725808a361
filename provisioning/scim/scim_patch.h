#pragma once
/* PATCH (RFC 7644 section 3.5.2) as parse, then apply on a copy. Nothing here touches a database:
 * who commits compares the copy with what is stored. */

#include "provisioning/scim/scim_apply.h"

enum { SCIM_MAX_OPERATIONS = 200 };

struct scim_op {
    bool has_path; /* else the members of the value say where */
    struct scim_change change;
};

struct scim_patch {
    size_t count;
    struct scim_op *ops;
};

/* INVALID "scim.syntax", "scim.path", "scim.filter", "scim.value", "scim.no_target"; TOO_LARGE
 * "scim.operations". */
RESULT scim_patch_parse(struct scope *scope, const struct scim_rules *rules,
                        const struct json *body, struct scim_patch *ret);
/* On a copy of `resource`, which holds id, active and every attribute. */
RESULT scim_patch_apply(struct scope *scope, const struct scim_rules *rules,
                        const struct scim_patch *patch, const struct json *resource,
                        struct json **ret);
/* True when a body of any kind, well-formed or not in the rest, says in the end that the person is
 * not active. */
bool scim_says_inactive(struct scope *scope, const struct scim_type *type, const struct json *body);
/* A member by its name in any case; NULL: absent. */
const struct json *scim_member(const struct json *object, struct str name);
