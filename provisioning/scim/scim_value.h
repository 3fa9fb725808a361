#pragma once
/* Values as clients send them, made canonical: names in the schema's case, the attribute's type,
 * lists where lists belong. Null, "", [] and {} are one state: unassigned (RFC 7643 section 2.5).
 */

#include "base/json.h"
#include "provisioning/scim/scim_model.h"

enum { SCIM_STRING_MAX_BYTES = 16 * 1024, SCIM_MAX_VALUES = 100, SCIM_MAX_MEMBERS = 256 };

/* *ret is NULL when unassigned. INVALID "scim.value" for another type or too much of it;
 * "scim.attribute" for a sub-attribute that a strict tenant does not know. */
RESULT scim_value_read(struct scope *scope, const struct scim_profile *profile,
                       const struct scim_attribute *attribute, const struct json *json,
                       const struct json **ret);
/* One value: of a list, or of an attribute that has one only. A complex one is laid over `base`
 * (NULL: over nothing): what is given replaces or clears, the rest stays. */
RESULT scim_element_read(struct scope *scope, const struct scim_profile *profile,
                         const struct scim_attribute *attribute, const struct json *base,
                         const struct json *json, const struct json **ret);
/* The value of "active" in any shape that clients send; false: none of them. */
bool scim_active_read(const struct json *json, bool *ret);
/* Members that differ in case only would let a check see one and a use the other: INVALID
 * "scim.duplicate_name"; TOO_LARGE "scim.members". */
RESULT scim_names_check(struct scope *scope, const struct json *json);
