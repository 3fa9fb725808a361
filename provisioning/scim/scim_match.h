#pragma once
/* Whether a resource, or one value of a multi-valued attribute, fits a filter. The comparison is
 * the one that uniqueness uses: folded unless the attribute is caseExact. */

#include "provisioning/scim/scim_filter.h"

/* `json`: the whole resource with canonical names. */
bool scim_match(struct scope *scope, const struct scim_filter *filter, const struct json *json);
/* The folded form that equal values share; of text that cannot be folded, the text itself. */
struct str scim_key(struct scope *scope, struct str text);
