#pragma once
/* The last revocations a shard has applied: whoever looked something up before, and acts on it
 * after, asks here whether the answer still stands (revocation.md rules 16, 18, 19). */

#include "gateway/kept_principal.h"

enum { RING_ROWS = 4096 };

struct ring_row {
    uint64_t key;
    int64_t epoch, seq;
    int partition;
    enum revocation_kind kind;
};

struct ring {
    uint64_t count; /* applied since the shard began; void tickets are RING_ROWS behind */
    struct ring_row rows[RING_ROWS];
};

enum ring_verdict {
    RING_CLEAR,
    RING_HIT,
    RING_OWN,    /* hit by the caller's own revocation only */
    RING_OVERRUN /* too old to say */
};

void ring_add(struct ring *ring, const struct revocation *row);
/* Makes every ticket taken so far an overrun. */
void ring_void(struct ring *ring);
/* Since count `since`; `own` may be NULL. *ret_own_kind is set with RING_OWN. */
enum ring_verdict ring_test(const struct ring *ring, uint64_t since,
                            const struct kept_principal *who, const struct revoked *own,
                            enum revocation_kind *ret_own_kind);
