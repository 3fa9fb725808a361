#pragma once
/* Handlers of single logout at /saml/{connection}/…; gateway/routes.c gives each its path. All of
 * them belong on RUN_SAML: they wait for the jail. */

#include "messaging/call.h"

RESULT saml_logout_http(struct scope *scope, struct call *call);   /* GET …/logout?ticket= */
RESULT saml_slo_get_http(struct scope *scope, struct call *call);  /* GET …/slo */
RESULT saml_slo_post_http(struct scope *scope, struct call *call); /* POST …/slo */
