#pragma once
/* What a database looks resources up by: one statement each, so that each has its index. */

#include "base/str.h"

enum scim_by {
    BY_NOTHING,
    BY_KEY,          /* the key of a page: one resource */
    BY_ID,           /* exact */
    BY_USER_NAME,    /* folded */
    BY_EXTERNAL_ID,  /* a: connection, b: exact */
    BY_EMAIL,        /* a: folded */
    BY_TYPED_EMAIL,  /* a: folded, b: type in small letters */
    BY_DISPLAY_NAME, /* folded */
    BY_ACTIVE,
    BY_INACTIVE,
    BY_GROUP,  /* exact: people who are members of that group */
    BY_MEMBER, /* exact: groups that have this one among their direct members */
    SCIM_BY_COUNT
};

struct scim_search {
    enum scim_by by;
    struct str a, b;
};
