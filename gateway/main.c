#include <stdio.h>
#include <unistd.h>

#include "gateway/command.h"

int main(int argc, char **argv) {
    const struct command_process process = {
        .argc = argc,
        .argv = (const char *const *) argv,
        .environment = (const char *const *) environ,
        .out = stdout,
        .err = stderr,
    };
    return command_run(&COMMANDS, &process);
}
