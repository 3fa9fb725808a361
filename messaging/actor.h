#pragma once
/* Who acts, as far as the backend must know. Filled by identity from a checked credential, by the
 * command line, or by a provisioning source. */

#include <stdint.h>

#include "base/db.h"
#include "messaging/role.h"

enum actor_kind {
    ACTOR_NONE,
    ACTOR_USER,       /* a person through a session or a personal token */
    ACTOR_CONNECTION, /* a provisioning source through its token */
    ACTOR_OPERATOR,   /* the command line */
    ACTOR_SYSTEM      /* expiry, policy, clean-up jobs */
};

/* Where a change of a person's state came from. */
enum source {
    SOURCE_CONSOLE,
    SOURCE_SCIM,
    SOURCE_LDAP,
    SOURCE_SIGNAL,
    SOURCE_POLICY,
    SOURCE_EXPIRY,
    SOURCE_OPERATOR,
    SOURCE_RESTORE,
    SOURCE_COUNT
};

const char *source_name(enum source source);
RESULT source_parse(struct scope *scope, struct str text,
                    enum source *ret); /* INVALID "source.unknown" */
const char *actor_kind_name(enum actor_kind kind);

struct actor {
    enum actor_kind kind;
    struct str org_id;
    struct str id;            /* user id, connection id; empty for operator and system */
    struct str credential_id; /* session or token; empty for none */
    struct str made_by;       /* ACTOR_CONNECTION: the person who made its token; empty: unknown.
                                 A leaver who kept the secret must not bring themselves back. */
    enum role role;           /* ACTOR_USER */
    int64_t epoch;            /* the user's, as proved */
    /* Run as a guard behind the event head (revocation.md rule 4) with $1 org_id and
     * $2 credential_id: a row means that the credential still exists. NULL: no credential. */
    const struct statement *credential_guard;
};
