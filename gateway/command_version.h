#pragma once
/* gatehouse version */

#include "gateway/command.h"

int command_version(struct command_call *call);
