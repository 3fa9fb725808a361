#pragma once
/* Revocations that a database has lost (a failover to a standby that did not have them) are applied
 * again from what a node still remembers. */

#include "identity/identity.h"

/* In a transaction of its own, and only where it still takes something away: *ret_is_applied. What
 * was given out anew since then is not touched. */
RESULT revocation_reapply(struct scope *scope, const struct messaging *messaging, struct db *db,
                          const struct revocation *lost, bool *ret_is_applied);
