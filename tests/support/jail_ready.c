#include "tests/support/jail_ready.h"

#include <unistd.h>

#include "identity/saml/saml_jail_life.h"

enum { TRIES = 300, PAUSE_US = 100 * 1000 };

result jail_wait_ready(struct scope *scope, struct saml_jail *jail) {
    result last = OK_RESULT;
    for (int i = 0; i < TRIES; i++) {
        last = saml_jail_ping(scope, jail, SAML_ROLE_VERIFY);
        if (is_ok(last)) {
            last = saml_jail_ping(scope, jail, SAML_ROLE_BUILD);
        }
        if (is_ok(last)) {
            return last;
        }
        (void) usleep(PAUSE_US);
    }
    return last;
}
