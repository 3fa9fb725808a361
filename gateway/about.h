#pragma once
/* GET /version: what runs here, and where its source is (AGPL section 13). */

#include "messaging/call.h"

/* "0.1.0" */
const char *about_version(void);
result version_get(struct scope *scope, struct call *call);
