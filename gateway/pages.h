#pragma once
/* The few pages: static files out of the binary, and the error page that people see. */

#include "messaging/call.h"

/* GET of /, /login, /login/{org}, /console … and /assets/{path*}. */
result page_get(struct scope *scope, struct call *call);
/* A plain sentence and the request id; never a reason. */
void page_answer_error(struct scope *scope, struct http_response *response, int status,
                       struct str request_id);
