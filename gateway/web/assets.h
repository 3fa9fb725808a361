#pragma once
/* Pages, scripts, styles and the API document, embedded in the binary by gateway/web/embed.py. The
 * paths are the ones on the wire; all bytes live as long as the program. */

#include <stddef.h>

#include "base/str.h"

struct asset {
    struct str path, content_type, bytes;
    struct str etag; /* strong, with its quotes: RFC 9110 section 8.8.3 */
};

/* NULL when there is none. Exact match: the caller maps /login/{org} to "/login". */
const struct asset *asset_find(struct str path);
/* All of them, ordered by path. */
const struct asset *asset_all(size_t *ret_count);
