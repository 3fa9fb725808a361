#pragma once
/* A checked principal that outlives its request: one copy, shared by the session cache, live
 * sockets and exchanges of one shard. References are counted on the shard's thread only; a worker
 * reads it while its exchange holds a reference. */

#include "identity/principal.h"
#include "messaging/revocation.h"

/* What a revocation can name: user, session or token, connection, organisation. */
struct subject_keys {
    uint64_t user, credential, connection, org;
};

struct kept_principal {
    unsigned refs;
    struct subject_keys keys;
    struct principal value; /* slices point behind the struct */
};

struct subject_keys subject_keys_of(const struct principal *principal);
/* The key in the same space that a revocation hits. */
uint64_t subject_key_of_revocation(const struct revocation *row);
/* True when the revocation ends this principal: names it, and for people is newer than the epoch
 * its proof was made under. */
bool revocation_hits(const struct revocation *row, const struct principal *principal);

/* One reference for the caller. */
struct kept_principal *kept_principal_new(const struct principal *principal);
struct kept_principal *kept_principal_ref(struct kept_principal *kept);
void kept_principal_unref(struct kept_principal **kept);
