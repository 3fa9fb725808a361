#pragma once
/* A password from a file, or from the terminal without showing it; never from the command line,
 * which other users of the machine can read. */

#include "base/secret.h"
#include "gateway/command.h"

/* `file` empty: asks twice on the terminal. INVALID "password.file", "password.terminal" when there
 * is none, "password.differs". */
RESULT password_input(const struct command_call *call, struct str file, struct secret *ret);
