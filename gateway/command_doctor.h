#pragma once
/* gatehouse doctor: looks at everything the server will need and says what to do. */

#include "gateway/command.h"

int command_doctor(struct command_call *call);
