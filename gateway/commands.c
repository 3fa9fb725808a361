#include "gateway/command.h"
#include "gateway/command_settings.h"
#include "gateway/command_version.h"

static const struct command_option NO_OPTIONS[] = {{NULL, NULL, NULL, NULL}};

static const struct command_option PRINT_OPTIONS[] = {
    {"--markdown", NULL, NULL, "print docs/settings.md: the table alone"},
    {NULL, NULL, NULL, NULL},
};

static const struct command TABLE[] = {
    {"check-config", "", 0, "Check the settings and report every mistake.", "", NO_OPTIONS, false,
     true, command_check_config},
    {"print-settings", "", 0, "Print the settings in force and where they come from.",
     "Secrets are shown as (set); credentials in the database's address are left out.",
     PRINT_OPTIONS, true, true, command_print_settings},
    {"version", "", 0, "Print the version of the program and of its libraries.", "", NO_OPTIONS,
     true, false, command_version},
};

const struct command_list COMMANDS = {TABLE, sizeof TABLE / sizeof TABLE[0]};
