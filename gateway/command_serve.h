#pragma once
/* gatehouse serve */

#include "gateway/command.h"

int command_serve(struct command_call *call);
