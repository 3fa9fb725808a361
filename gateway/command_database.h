#pragma once
/* gatehouse migrate */

#include "gateway/command.h"

int command_migrate(struct command_call *call);
