#pragma once
/* A jail whose keepers have started: what has to work at once does not depend on how busy the
 * machine is that runs the tests. */

#include "base/result.h"

struct saml_jail;

/* Both roles answer, or half a minute has passed: then as saml_jail_ping fails. */
RESULT jail_wait_ready(struct scope *scope, struct saml_jail *jail);
