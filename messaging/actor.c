#include "messaging/actor.h"

#include <assert.h>
#include <stddef.h>

static const char *const SOURCES[] = {
    [SOURCE_CONSOLE] = "console",   [SOURCE_SCIM] = "scim",       [SOURCE_LDAP] = "ldap",
    [SOURCE_SIGNAL] = "signal",     [SOURCE_POLICY] = "policy",   [SOURCE_EXPIRY] = "expiry",
    [SOURCE_OPERATOR] = "operator", [SOURCE_RESTORE] = "restore",
};

static_assert(sizeof SOURCES / sizeof SOURCES[0] == SOURCE_COUNT, "every source has a name");

const char *source_name(enum source source) {
    assert(source < SOURCE_COUNT);
    return SOURCES[source];
}

result source_parse(struct scope *scope, struct str text, enum source *ret) {
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        if (str_eq(text, str_from_c(SOURCES[i]))) {
            *ret = (enum source) i;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "source.unknown");
}

const char *actor_kind_name(enum actor_kind kind) {
    switch (kind) {
    case ACTOR_NONE: return "none";
    case ACTOR_USER: return "user";
    case ACTOR_CONNECTION: return "connection";
    case ACTOR_OPERATOR: return "operator";
    case ACTOR_SYSTEM: return "system";
    }
    assert(false);
    return "none";
}
