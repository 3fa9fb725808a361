#pragma once
/* The handlers of /scim/v2. The actor is a connection (its organisation comes from the token); the
 * first path argument is the id. They answer refusals themselves, in SCIM's form; what they return
 * as a failure is the gateway's to answer. */

#include "provisioning/scim/scim_request.h"

RESULT scim_user_list(struct scope *scope, struct call *call);
RESULT scim_user_search(struct scope *scope, struct call *call); /* POST /Users/.search */
RESULT scim_root_list(struct scope *scope, struct call *call);   /* all types: GET /scim/v2 */
RESULT scim_root_search(struct scope *scope, struct call *call); /* POST /.search */
RESULT scim_user_create(struct scope *scope, struct call *call);
RESULT scim_user_get(struct scope *scope, struct call *call);
RESULT scim_user_replace(struct scope *scope, struct call *call);
RESULT scim_user_patch(struct scope *scope, struct call *call);
RESULT scim_user_delete(struct scope *scope, struct call *call);

RESULT scim_group_list(struct scope *scope, struct call *call);
RESULT scim_group_search(struct scope *scope, struct call *call); /* POST /Groups/.search */
RESULT scim_group_create_http(struct scope *scope, struct call *call);
RESULT scim_group_get_http(struct scope *scope, struct call *call);
RESULT scim_group_replace_http(struct scope *scope, struct call *call);
RESULT scim_group_patch_http(struct scope *scope, struct call *call);
RESULT scim_group_delete_http(struct scope *scope, struct call *call);

/* These need no actor. */
RESULT scim_config(struct scope *scope, struct call *call);
RESULT scim_resource_type_list(struct scope *scope, struct call *call);
RESULT scim_resource_type_get(struct scope *scope, struct call *call);
RESULT scim_schema_list(struct scope *scope, struct call *call);
RESULT scim_schema_get(struct scope *scope, struct call *call);
/* Every other address below /scim/v2/; the first path argument is the rest of the path. */
RESULT scim_other(struct scope *scope, struct call *call);
