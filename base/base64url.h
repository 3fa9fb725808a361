#pragma once
/* base64url without padding, RFC 4648 section 5, decoded strictly: no padding, no blanks, no stray
 * trailing bits. */

#include <stddef.h>

#include "base/result.h"
#include "base/str.h"

struct arena;

struct str base64url_encode(struct arena *arena, const void *bytes, size_t len);
/* INVALID "base64url.malformed"; the decoded bytes are a slice in the arena. */
RESULT base64url_decode(struct scope *scope, struct str text, struct str *ret);
