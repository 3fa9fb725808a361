#pragma once
/* What a client says on its live connection: the part that the gateway itself reads. */

#include "base/result.h"
#include "base/str.h"

enum { COMMAND_ID_MAX = 64 };

struct command {
    struct str type, id;
};

/* INVALID: "live.command" for what is no object, "live.id", "json.…". */
RESULT live_command_read(struct scope *scope, struct str text, struct command *ret);
