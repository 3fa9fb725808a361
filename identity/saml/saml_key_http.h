#pragma once
/* Handlers of our own SAML keys, for administrators, and of our metadata, for everybody;
 * gateway/routes.c gives each its path. */

#include "messaging/call.h"

RESULT saml_keys_list_http(struct scope *scope, struct call *call);    /* {id} */
RESULT saml_key_publish_http(struct scope *scope, struct call *call);  /* {id} */
RESULT saml_key_activate_http(struct scope *scope, struct call *call); /* {id}, {key} */
RESULT saml_key_drop_http(struct scope *scope, struct call *call);     /* {id}, {key} */

RESULT saml_metadata_http(struct scope *scope, struct call *call); /* {connection} */
