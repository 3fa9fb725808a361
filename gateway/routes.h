#pragma once
/* The route table: the single place of policy. */

#include "gateway/route.h"

enum {
    BODY_NONE = 0,
    BODY_SMALL = 16 * 1024, /* sign-in, short settings */
    BODY_API = 1024 * 1024,
    BODY_SCIM = 1024 * 1024,
    BODY_SCIM_GROUP = 8 * 1024 * 1024, /* all members of a large group */
    BODY_SAML = 512 * 1024,            /* a posted message */
    BODY_METADATA = 6 * 1024 * 1024    /* a SAML metadata document inside JSON */
};

/* Requests per minute, client address and shard. An office or a provider's whole cloud may sit
 * behind one address, so these only stop floods; what guards accounts is the throttle of sign-in,
 * and what guards an organisation's share are limits by token. */
enum { DEFAULT_PER_MINUTE = 12000, SIGN_IN_PER_MINUTE = 1200, SCIM_PER_MINUTE = 300000 };
