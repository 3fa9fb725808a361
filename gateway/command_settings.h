#pragma once
/* Commands that look at the settings only; mistakes in them were reported before. */

#include "gateway/command.h"

int command_check_config(struct command_call *call);
int command_print_settings(struct command_call *call);
