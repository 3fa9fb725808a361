#pragma once
/* A name of an attribute as clients write it, resolved: "userName", "name.givenName",
 * "urn:…:User:manager.value", or the URN of an extension alone (RFC 7644 section 3.10). */

#include "provisioning/scim/scim_model.h"

struct scim_ref {
    const struct scim_schema *extension;    /* NULL: of the type's own schema */
    const struct scim_attribute *attribute; /* NULL with an extension: the whole container */
    const struct scim_attribute *sub;       /* NULL: the whole attribute */
};

/* Well-formed, but of no attribute we know: OK with *ret_is_known false. INVALID "scim.path". */
RESULT scim_ref_parse(struct scope *scope, const struct scim_type *type, struct str text,
                      struct scim_ref *ret, bool *ret_is_known);
/* ATTRNAME of RFC 7643 section 2.1, and "$ref". */
bool scim_is_name(struct str text);
/* The attribute whose values are meant. */
const struct scim_attribute *scim_ref_target(const struct scim_ref *ref);
