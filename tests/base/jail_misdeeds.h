#pragma once
/* Roles for the tests of the jail: children that do what a child must not. */

#include "base/jail.h"

enum { ROLE_PURE, ROLE_FILES, ROLE_BROKEN };

enum misdeed {
    DO_ECHO = JAIL_KIND_FIRST, /* TEXT comes back */
    DO_TELL_PID,
    DO_LEAVE_TRACE, /* says whether an earlier message of this process left something */
    DO_FAIL,
    DO_CRASH,
    DO_SPIN,
    DO_SLEEP,
    DO_GARBAGE,
    DO_WRONG_VERSION,
    DO_WRONG_NUMBER,
    DO_TWICE,
    DO_LATER_TWICE, /* answers well, and once more behind it */
    DO_LARGE,
    DO_WRONG_TAG,
    DO_ASK,
    DO_ASK_TWICE,
    DO_ASK_RAW_TWICE,
    DO_USE_MEMORY,
    DO_OPEN,
    DO_SOCKET,
    DO_FORK,
    DO_EXECUTE_MEMORY,
    DO_KILL_KEEPER
};

enum { TAG_TEXT, TAG_NUMBER, TAG_ONLY_REQUEST };

extern const struct jail_roles MISDEEDS;
