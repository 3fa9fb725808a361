#pragma once
/* Commands of the live connection, {"type": name, "id": …, …}: one table. `ping` never comes here,
 * the gateway answers it. */

#include "base/json.h"
#include "messaging/call.h"

struct live_call {
    struct db *db;
    const struct actor *actor; /* checked just now */
    struct live_notice *notice;
};

/* Fills `ack` (an object) with the members of the answer beside "type" and "id". INVALID
 * "live.command" for an unknown name; else the reasons of the functions behind. */
RESULT live_command_run(struct scope *scope, const struct live_call *call,
                        const struct json *command, struct json *ack);
