#pragma once
/* Whole resources: from a POST or PUT body to canonical attributes, and from those to what clients
 * are shown. In between a resource is one JSON object with canonical names: id, externalId, active,
 * the attributes of its schema and a container per extension; no schemas, no meta. */

#include "provisioning/scim/scim_apply.h"

enum { SCIM_RESOURCE_MAX_BYTES = 64 * 1024, SCIM_EXTERNAL_ID_MAX_BYTES = 1024 };

/* What the body says, and nothing else. INVALID "scim.syntax", "scim.value", "scim.attribute". */
RESULT scim_resource_read(struct scope *scope, const struct scim_rules *rules,
                          const struct json *body, struct json **ret);
/* INVALID "scim.required", "scim.value"; TOO_LARGE "scim.size". */
RESULT scim_resource_check(struct scope *scope, const struct scim_type *type,
                           const struct json *resource);
/* INVALID "scim.mutability" when an immutable attribute that had a value has another one now. */
RESULT scim_resource_check_immutable(struct scope *scope, const struct scim_type *type,
                                     const struct json *old, const struct json *resource);

struct scim_meta {
    struct str location, version;
    int64_t created_us, changed_us;
};

/* With schemas and meta, in the schema's order. */
struct json *scim_resource_show(struct scope *scope, const struct scim_type *type,
                                const struct json *resource, const struct scim_meta *meta);

/* attributes= and excludedAttributes= (RFC 7644 section 3.9). */
struct scim_projection {
    bool is_given, is_exclusion;
    size_t count;
    struct scim_ref *refs;
};

/* INVALID "scim.projection" when both are given. Unknown names are ignored. */
RESULT scim_projection_parse(struct scope *scope, const struct scim_type *type,
                             struct str attributes, struct str excluded,
                             struct scim_projection *ret);
/* Whether the answer shows anything of the attribute, or of its sub-attribute (NULL: any): what
 * nobody looks at need not be loaded. */
bool scim_projection_shows(const struct scim_projection *projection,
                           const struct scim_attribute *attribute,
                           const struct scim_attribute *sub);
const struct json *scim_project(struct scope *scope, const struct scim_type *type,
                                const struct scim_projection *projection, const struct json *shown);
