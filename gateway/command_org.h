#pragma once
/* gatehouse org create, list, show; token create, list, revoke; key list, publish, switch,
 * drop; user deactivate, reactivate. They work beside a running server, on the same store. */

#include "gateway/command.h"

int command_org_create(struct command_call *call);
int command_org_list(struct command_call *call);
int command_org_show(struct command_call *call);
int command_token_create(struct command_call *call);
int command_token_list(struct command_call *call);
int command_token_revoke(struct command_call *call);
int command_key_list(struct command_call *call);
int command_key_publish(struct command_call *call);
int command_key_switch(struct command_call *call);
int command_key_drop(struct command_call *call);
int command_user_deactivate(struct command_call *call);
int command_user_reactivate(struct command_call *call);
