/* The SAML side of ./check bench.
 *
 *   bench_saml acs      SECONDS ROUNDS
 *       forged Responses through the jail, turn by turn with the gate in front of lasso's inbound
 *       path and with bare RSA verifications
 *   bench_saml redirect PORT PATH CONNECTIONS MILLISECONDS PID
 *       the same navigation over and over; CPU time of PID with all its descendants
 *   bench_saml sign-in  ISSUER
 *       an identity provider and its browsers: metadata comes out as a line of JSON, then orders go
 *       in, PORT CONNECTION PUBLIC-URL PEOPLE COUNT BROWSERS PID, and figures come out
 *
 * It is also the program of the jail that it measures, as the server is of its own. */

#include <stdio.h>
#include <string.h>

#include "identity/saml/saml_jail_life.h"
#include "tests/bench/saml_bench.h"

static const struct {
    const char *name;
    int args;
    int (*run)(char **args);
} MODES[] = {
    {"acs", 2, saml_acs_run},
    {"redirect", 5, saml_redirect_run},
    {"sign-in", 1, saml_sign_in_run},
};

int main(int argc, char **argv) {
    int code = 0;
    if (jail_keeper_main(&SAML_JAIL_ROLES, argc, argv, &code)) {
        return code;
    }
    for (size_t i = 0; argc > 1 && i < sizeof MODES / sizeof MODES[0]; i++) {
        if (strcmp(argv[1], MODES[i].name) == 0 && argc == MODES[i].args + 2) {
            return MODES[i].run(argv + 2);
        }
    }
    (void) fprintf(stderr, "usage: see the head of tests/bench/saml.c\n");
    return 2;
}
