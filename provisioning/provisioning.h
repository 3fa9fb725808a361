#pragma once
/* The long-lived context of provisioning, made by the gateway at start; immutable. */

#include "base/str.h"

struct provisioning {
    struct str public_url; /* SCIM locations: {public_url}/scim/v2/… */
};
