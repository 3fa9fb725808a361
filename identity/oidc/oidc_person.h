#pragma once
/* What a provider says about a person, out of an ID token or UserInfo. Pure. */

#include "base/str.h"

struct json;

struct oidc_person { /* empty: not said */
    struct str name, preferred_username, email;
    bool is_email_verified; /* only the boolean true of the source that gave the address */
    struct str match_value; /* the claim that the connection matches on, if it is text */
};

struct oidc_person oidc_person_read(const struct json *claims, struct str match_claim);
/* Field by field; the first one wins, an address never takes the other's word for verified. */
struct oidc_person oidc_person_merge(const struct oidc_person *first,
                                     const struct oidc_person *second);
