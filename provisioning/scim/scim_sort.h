#pragma once
/* Sorting (RFC 7644 section 3.4.2.3): the value by which a resource lies among others, as text that
 * is in order when its bytes are. */

#include "base/json.h"
#include "provisioning/scim/scim_ref.h"

/* Longer values are in order by so much of them: that bounds what a list and a cursor carry. */
enum { SCIM_SORT_KEY_MAX_BYTES = 256 };

struct scim_sort_key {
    bool has_value;
    struct str text;
};

/* What sortBy names, "value" for a complex attribute. A name that the type does not have leaves
 * ret->attribute NULL: no resource has a value. INVALID "scim.sort" for what is no name, for a
 * complex attribute without "value", and for what is never shown. */
RESULT scim_sort_parse(struct scope *scope, const struct scim_type *type, struct str text,
                       struct scim_ref *ret);
/* The resource as shown. Of several values the primary one, else the first. */
struct scim_sort_key scim_sort_key(struct scope *scope, const struct scim_ref *by,
                                   const struct json *shown);
/* Ascending: who has no value comes last. */
int scim_sort_compare(const struct scim_sort_key *a, const struct scim_sort_key *b);
