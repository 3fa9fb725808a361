#pragma once
/* The handlers of sign-in, sessions and tokens; gateway/routes.c gives each its path and policy. */

#include "messaging/call.h"

/* Hashes a password: the CPU lane. */
RESULT session_sign_in_http(struct scope *scope, struct call *call);
RESULT session_sign_out_http(struct scope *scope, struct call *call); /* revokes */
RESULT session_check_http(struct scope *scope, struct call *call);    /* on the shard */
RESULT me_http(struct scope *scope, struct call *call);
RESULT user_sessions_list_http(struct scope *scope, struct call *call); /* {id} */
RESULT user_sessions_end_http(struct scope *scope, struct call *call);  /* {id}; revokes */
RESULT user_session_end_http(struct scope *scope, struct call *call);   /* {id} {session} */
RESULT org_sign_up_http(struct scope *scope, struct call *call);        /* the CPU lane */
RESULT invitation_accept_http(struct scope *scope, struct call *call);  /* the CPU lane */
RESULT tokens_list_http(struct scope *scope, struct call *call);
RESULT token_create_http(struct scope *scope, struct call *call);
RESULT token_revoke_http(struct scope *scope, struct call *call); /* {id}; revokes */
