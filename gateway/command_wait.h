#pragma once
/* What the answer of a revocation waits for, from outside of the servers: every running node has
 * acted on it, or has lost its lease. */

#include "gateway/command_store.h"
#include "messaging/revocation.h"

struct command_waited {
    size_t nodes, acknowledged;
    int64_t duration_ms; /* since the commit */
};

/* Completes the receipt. Waits for the bound at most: then silent nodes have no lease any more. */
RESULT command_wait(const struct command_call *call, const struct command_store *store,
                    const struct revoked *revoked, struct command_waited *ret);
