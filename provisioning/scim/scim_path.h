#pragma once
/* Where a PATCH operation points (RFC 7644 figure 7): an attribute, a sub-attribute, a container of
 * an extension, or the values of a multi-valued attribute that fit a filter. */

#include "provisioning/scim/scim_filter.h"

struct scim_path {
    struct scim_ref ref;
    const struct scim_filter *filter; /* NULL: no brackets */
    bool is_known;                    /* false: well-formed, but nothing we have */
};

/* INVALID "scim.path"; "scim.filter" for what stands in brackets. */
RESULT scim_path_parse(struct scope *scope, const struct scim_type *type, struct str text,
                       struct scim_path *ret);
