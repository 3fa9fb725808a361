#include "messaging/role.h"

#include <assert.h>
#include <stddef.h>

static const char *const NAMES[] = {
    [ROLE_GUEST] = "guest",
    [ROLE_MEMBER] = "member",
    [ROLE_ADMIN] = "admin",
    [ROLE_CREATOR] = "creator",
};

static_assert(sizeof NAMES / sizeof NAMES[0] == ROLE_COUNT, "every role has a name");

/* Columns in the order of enum role. */
static const bool MATRIX[PERMISSION_COUNT][ROLE_COUNT] = {
    /*                       guest  member admin  creator */
    [MAY_USE_MESSENGER] = {true, true, true, true},
    [MAY_LIST_PEOPLE] = {false, true, true, true},
    [MAY_MANAGE_PEOPLE] = {false, false, true, true},
    [MAY_MANAGE_ACCESS] = {false, false, true, true},
    [MAY_READ_RECORDS] = {false, false, true, true},
    [MAY_MANAGE_ORG] = {false, false, false, true},
};

bool role_may(enum role role, enum permission permission) {
    assert(role < ROLE_COUNT && permission < PERMISSION_COUNT);
    return MATRIX[permission][role];
}

const char *role_name(enum role role) {
    assert(role < ROLE_COUNT);
    return NAMES[role];
}

result role_parse(struct scope *scope, struct str text, enum role *ret) {
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (str_eq(text, str_from_c(NAMES[i]))) {
            *ret = (enum role) i;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "role.unknown");
}
