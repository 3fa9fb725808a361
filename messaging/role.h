#pragma once
/* Roles and what they may do: one matrix. */

#include <stdbool.h>

#include "base/result.h"
#include "base/str.h"

enum role { ROLE_GUEST, ROLE_MEMBER, ROLE_ADMIN, ROLE_CREATOR, ROLE_COUNT };

enum permission {
    MAY_USE_MESSENGER,
    MAY_LIST_PEOPLE,   /* names of colleagues */
    MAY_MANAGE_PEOPLE, /* full records, deactivate, reactivate, sessions of others */
    MAY_MANAGE_ACCESS, /* connections, domains, tokens */
    MAY_READ_RECORDS,  /* receipts, audit */
    MAY_MANAGE_ORG,    /* organisation settings */
    PERMISSION_COUNT
};

bool role_may(enum role role, enum permission permission);
const char *role_name(enum role role); /* "guest" … "creator" */
RESULT role_parse(struct scope *scope, struct str text,
                  enum role *ret); /* INVALID "role.unknown" */
