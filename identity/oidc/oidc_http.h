#pragma once
/* Handlers of /oidc/{connection}/… and of the refresh; gateway/routes.c gives each its path. */

#include "messaging/call.h"

RESULT oidc_login_http(struct scope *scope, struct call *call);      /* GET …/login?return= */
RESULT oidc_callback_http(struct scope *scope, struct call *call);   /* GET …/callback */
RESULT oidc_logged_out_http(struct scope *scope, struct call *call); /* GET …/logged-out?state= */
RESULT oidc_jwks_http(struct scope *scope, struct call *call);       /* GET …/jwks */
/* POST /api/v1/session/refresh: AUTH_SESSION, RUN_OUTBOUND */
RESULT oidc_refresh_http(struct scope *scope, struct call *call);
