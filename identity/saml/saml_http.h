#pragma once
/* Handlers of sign-in at /saml/{connection}/…; gateway/routes.c gives each its path. All of them
 * belong on RUN_SAML: they wait for the jail. */

#include "messaging/call.h"

struct connection;

RESULT saml_login_http(struct scope *scope, struct call *call); /* GET …/login?return= &test=1 */
RESULT saml_acs_http(struct scope *scope, struct call *call);   /* POST …/acs */
RESULT saml_acs_get_http(struct scope *scope, struct call *call); /* GET …/acs: "saml.binding" */
/* What the API's test of a SAML connection answers: whether it could work, and where the
 * administrator starts a sign-in that shows whether it does. */
RESULT saml_test_answer(struct scope *scope, struct call *call,
                        const struct connection *connection);
/* The SAML connection of the path. NOT_FOUND "connection.unknown". */
RESULT saml_routed_connection(struct scope *scope, const struct call *call, struct connection *ret);
/* One status, one code and one page for whatever was wrong with a message, so that nobody learns
 * from the answer how far it came; administrators find the reason in the record. */
RESULT saml_refuse_alike(struct scope *scope, result refused);
