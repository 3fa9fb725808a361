#pragma once
/* Handlers of sign-in at /saml/{connection}/…; gateway/routes.c gives each its path. All of them
 * belong on RUN_OUTBOUND: they wait for the jail. */

#include "messaging/call.h"

RESULT saml_login_http(struct scope *scope, struct call *call); /* GET …/login?return= &test=1 */
RESULT saml_acs_http(struct scope *scope, struct call *call);   /* POST …/acs */
RESULT saml_acs_get_http(struct scope *scope, struct call *call); /* GET …/acs: "saml.binding" */
/* What the API's test of a SAML connection answers: whether it could work, and where the
 * administrator starts a sign-in that shows whether it does. */
struct connection;
RESULT saml_test_answer(struct scope *scope, struct call *call,
                        const struct connection *connection);
