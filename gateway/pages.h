#pragma once
/* The few pages: static files out of the binary, and the error page that people see. */

#include "messaging/call.h"

/* GET of /, /login, /login/{org}, /console … and /assets/{path*}. */
result page_get(struct scope *scope, struct call *call);
/* Plain words, the stable code and the request id. */
void page_answer_error(struct scope *scope, struct http_response *response, int status,
                       struct str code, struct str request_id);
