#pragma once
/* What nobody can use any more is deleted from time to time: expired sessions, windows of the
 * sign-in throttle, revocations that every instance has long applied. Any node may do it, twice
 * does no harm. */

#include "base/db.h"

/* revocation.md rule 6: rows are kept at least an hour. Who is further behind has fenced long ago
 * and holds nothing that a missed row could concern. */
enum { SWEEP_EVERY_S = 300, REVOCATION_KEEP_S = 2 * 3600 };

/* Sweeps when SWEEP_EVERY_S have passed since *last_boot_us, which it moves on. A failure is
 * logged: the next round tries again. */
void sweep_step(struct scope *scope, struct db *db, int64_t *last_boot_us);
