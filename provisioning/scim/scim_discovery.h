#pragma once
/* What clients are told of the server, made from the same tables that it works by (RFC 7643
 * sections 5 to 7). */

#include "base/json.h"
#include "provisioning/scim/scim_model.h"

struct json *scim_show_config(struct scope *scope, struct str base_url);
struct json *scim_show_type(struct scope *scope, struct str base_url, const struct scim_type *type);
struct json *scim_show_schema(struct scope *scope, struct str base_url,
                              const struct scim_schema *schema);
/* NULL: unknown. */
const struct scim_type *scim_type_find(struct str name);
const struct scim_schema *scim_schema_by_urn(struct str urn);
