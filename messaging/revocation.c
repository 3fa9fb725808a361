#include "messaging/revocation.h"

#include <assert.h>

#include "base/crypto.h"
#include "messaging/revocation_store.h"

static const char *const KINDS[] = {
    [REVOKED_USER] = "user",   [REVOKED_SESSION] = "session",
    [REVOKED_TOKEN] = "token", [REVOKED_CONNECTION] = "connection",
    [REVOKED_ORG] = "org",
};

static_assert(sizeof KINDS / sizeof KINDS[0] == REVOCATION_KIND_COUNT, "every kind has a name");

const char *revocation_kind_name(enum revocation_kind kind) {
    assert(kind < REVOCATION_KIND_COUNT);
    return KINDS[kind];
}

result revocation_kind_parse(struct scope *scope, struct str text, enum revocation_kind *ret) {
    for (size_t i = 0; i < REVOCATION_KIND_COUNT; i++) {
        if (str_eq(text, str_from_c(KINDS[i]))) {
            *ret = (enum revocation_kind) i;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INTERNAL, "revocation.kind");
}

int revocation_partition(struct scope *scope, struct str org_id) {
    const struct str hash = sha256(scope->arena, org_id);
    return (unsigned char) hash.at[0] & (REVOCATION_PARTITIONS - 1);
}
