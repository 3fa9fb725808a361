#pragma once
/* The long-lived context of provisioning, made by the gateway at start; immutable. */

#include "base/secret.h"
#include "base/str.h"

struct provisioning {
    struct str public_url;  /* SCIM locations: {public_url}/scim/v2/… */
    struct secret seal_key; /* 32 bytes: of cursors */
};
