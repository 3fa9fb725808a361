#pragma once
/* The commands of live sockets, run by workers. */

#include "messaging/call.h"

/* request->body is the command, response->body becomes the ack. */
result live_messenger(struct scope *scope, struct call *call);
