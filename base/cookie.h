#pragma once
/* The Cookie header (RFC 6265 section 4.2) and Set-Cookie lines. */

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

/* The value of one cookie; absent: OK and empty. Sent twice: INVALID "cookie.duplicate" (a second
 * one may be planted by a sibling domain). Malformed pairs are skipped, as browsers of other
 * applications on the host may send them. TOO_LARGE "cookie.size" above 8 KiB. */
RESULT cookie_get(struct scope *scope, struct str header, struct str name, struct str *ret);

struct cookie {
    struct str name, value; /* token; cookie-octets: our own base64url */
    struct str path;
    int64_t max_age_s; /* < 0: session cookie; 0: delete */
    bool is_secure, is_http_only;
    const char *same_site; /* "Lax", "None", "Strict" */
};

/* INVALID "cookie.value" when name, value or path do not fit the grammar, or when a "__Host-" or
 * "__Secure-" name or SameSite=None comes without what browsers demand for it. */
RESULT cookie_format(struct scope *scope, const struct cookie *cookie, struct str *ret);
