#pragma once
/* The command line: one row per command with its options and its help. Exit codes: 0 done, 1
 * failed, 2 not understood. What a command prints goes to `out`, everything else to `err`. */

#include <stdio.h>

#include "gateway/settings.h"

enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };
enum { COMMAND_MAX_OPTIONS = 16, COMMAND_MAX_OPERANDS = 2 };

struct command_option {
    const char *name;    /* "--org" */
    const char *value;   /* "SLUG"; NULL: a switch */
    const char *setting; /* the option is short for --set SETTING=VALUE */
    const char *help;
};

struct command_given {
    const char *name; /* of the option */
    struct str value; /* "" for a switch */
};

struct command;

struct command_call {
    struct scope *scope;
    const struct command *command;
    const struct settings *settings; /* NULL for commands that need none */
    struct command_given given[COMMAND_MAX_OPTIONS];
    size_t given_count;
    struct str operands[COMMAND_MAX_OPERANDS];
    size_t operand_count;
    bool is_json;
    FILE *out, *err;
};

struct command {
    const char *name;     /* "org create" */
    const char *operands; /* "SLUG"; "" for none */
    size_t operand_count;
    const char *summary;                  /* one line */
    const char *details;                  /* more for --help; may be "" */
    const struct command_option *options; /* ended by a row without name */
    bool prints_data;                     /* takes --json */
    bool needs_settings;
    int (*run)(struct command_call *call);
};

struct command_list {
    const struct command *commands;
    size_t count;
};

extern const struct command_list COMMANDS;

/* What main does, with everything it would take from the process as parameters. */
struct command_process {
    int argc;
    const char *const *argv;
    const char *const *environment;
    FILE *out, *err;
};
int command_run(const struct command_list *commands, const struct command_process *process);

/* For the commands: the last value of an option; empty when not given. */
struct str command_option(const struct command_call *call, const char *name);
bool command_has(const struct command_call *call, const char *name);
/* Says what failed in words, with the reason; returns COMMAND_FAILED. */
int command_failed(const struct command_call *call, const char *what);
/* Says what was not understood; returns COMMAND_USAGE. */
int command_usage(const struct command_call *call, const char *what);
void command_print(const struct command_call *call, struct str text);
