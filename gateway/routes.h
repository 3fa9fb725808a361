#pragma once
/* The route table: the single place of policy. */

#include "gateway/route.h"

enum {
    BODY_NONE = 0,
    BODY_SMALL = 16 * 1024, /* sign-in, short settings */
    BODY_API = 1024 * 1024,
    BODY_SCIM = 1024 * 1024
};
