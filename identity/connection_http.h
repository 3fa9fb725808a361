#pragma once
/* Handlers of connections, domains and the discovery on the login page; gateway/routes.c gives each
 * its path. Those that talk to a provider or to DNS belong on RUN_OUTBOUND, those that revoke on
 * RUN_REVOKING. */

#include "messaging/call.h"

RESULT connections_list_http(struct scope *scope, struct call *call);
RESULT connection_create_http(struct scope *scope, struct call *call); /* outbound */
RESULT connection_get_http(struct scope *scope, struct call *call);    /* {id} */
RESULT connection_patch_http(struct scope *scope, struct call *call);  /* {id}; outbound */
RESULT connection_delete_http(struct scope *scope, struct call *call); /* {id}; revokes */
RESULT connection_test_http(struct scope *scope, struct call *call);   /* {id}/test; outbound */
RESULT connection_enable_http(struct scope *scope, struct call *call); /* {id}/enable */

RESULT domains_list_http(struct scope *scope, struct call *call);
RESULT domain_create_http(struct scope *scope, struct call *call);
RESULT domain_delete_http(struct scope *scope, struct call *call); /* {id} is the domain's name */
RESULT domain_verify_http(struct scope *scope, struct call *call); /* {id}/verify; outbound */

RESULT login_discover_http(struct scope *scope, struct call *call);
