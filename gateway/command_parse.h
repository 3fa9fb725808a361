#pragma once
/* Words of the command line to a call; no settings are read yet. */

#include "gateway/command.h"

enum { COMMAND_MAX_ARGUMENTS = 64 };

struct command_words {
    struct command_call call;
    const char *config;                                        /* of --config; NULL: not given */
    struct settings_argument arguments[COMMAND_MAX_ARGUMENTS]; /* for the settings */
    size_t argument_count;
    bool wants_help, wants_version;
    struct str wrong; /* what was not understood; empty: nothing */
};

extern const struct command_option COMMAND_GLOBAL_OPTIONS[];

/* call.command is NULL when no command was named. */
void command_parse(struct scope *scope, const struct command_list *commands, int argc,
                   const char *const *argv, struct command_words *ret);
