#include <stdio.h>
#include <unistd.h>

#include "base/jail.h"
#include "gateway/command.h"
#include "identity/saml/saml_jail_life.h"

int main(int argc, char **argv) {
    int code = 0;
    if (jail_keeper_main(&SAML_JAIL_ROLES, argc, argv, &code)) {
        /* Not by way of exit(): lasso and xmlsec keep what they were warmed with. */
        _exit(code);
    }
    const struct command_process process = {
        .argc = argc,
        .argv = (const char *const *) argv,
        .environment = (const char *const *) environ,
        .out = stdout,
        .err = stderr,
    };
    return command_run(&COMMANDS, &process);
}
