#pragma once
/* Runs the handler of an exchange, on a worker or, from memory, on its shard. */

#include "gateway/shard.h"

struct exchange_context {
    const struct env *env;
    struct db *db; /* NULL on the shard */
    const struct messaging *messaging;
    struct identity *identity;
    struct provisioning *provisioning;
};

/* Access check, then `handler` (the route's, or that of live commands): outcome, reason, response,
 * revoked, is_handled. */
void exchange_run(struct exchange *exchange, const struct exchange_context *context,
                  call_handler handler);
