#pragma once
/* The handlers of the backend; gateway/routes.c gives each its path and policy. */

#include "messaging/call.h"

RESULT users_list_http(struct scope *scope, struct call *call);
RESULT user_get_http(struct scope *scope, struct call *call);        /* {id} */
RESULT user_deactivate_http(struct scope *scope, struct call *call); /* {id}; revokes */
RESULT user_reactivate_http(struct scope *scope, struct call *call); /* {id} */

RESULT org_get_http(struct scope *scope, struct call *call);
RESULT org_patch_http(struct scope *scope, struct call *call);

RESULT conversations_list_http(struct scope *scope, struct call *call);
RESULT conversation_open_http(struct scope *scope, struct call *call);
RESULT messages_list_http(struct scope *scope, struct call *call); /* {id} of the conversation */
RESULT message_send_http(struct scope *scope, struct call *call);  /* {id} of the conversation */

RESULT revocations_list_http(struct scope *scope, struct call *call);
RESULT audit_list_http(struct scope *scope, struct call *call);
