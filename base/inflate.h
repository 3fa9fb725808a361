#pragma once
/* Raw DEFLATE (RFC 1951) with a limit on what comes out. */

#include "base/result.h"
#include "base/str.h"

/* The whole input is one stream. INVALID "inflate.malformed"; TOO_LARGE "inflate.limit": more than
 * `limit` bytes come out; no more than these are ever made. */
RESULT inflate_raw(struct scope *scope, struct str packed, size_t limit, struct str *ret);
