#pragma once
/* The page that people see when a request of their browser failed (ERRORS_PAGE): plain words by
 * status, the stable code and the request id; never a word that came from outside. */

#include "base/str.h"

struct arena;

struct error_page {
    int status;
    struct str code; /* the reason, as the API would give it */
    struct str request_id;
    bool is_sign_in; /* on the way to or from an identity provider */
};

struct str error_page_render(struct arena *arena, const struct error_page *page);
