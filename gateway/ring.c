#include "gateway/ring.h"

#include "gateway/holes.h"

void ring_add(struct ring *ring, const struct revocation *row) {
    ring->rows[ring->count % RING_ROWS] = (struct ring_row){
        .key = subject_key_of_revocation(row),
        .epoch = row->epoch,
        .seq = row->seq,
        .partition = row->partition,
        .kind = row->kind,
    };
    ring->count++;
}

void ring_void(struct ring *ring) {
    ring->count += RING_ROWS + 1;
}

/* By hash only: a collision costs one more check of the credential, never a wrong answer. */
static bool row_hits(const struct ring_row *row, const struct kept_principal *who) {
    const struct subject_keys *keys = &who->keys;
    if (row->key == keys->user) {
        return who->value.actor.epoch < row->epoch;
    }
    return row->key == keys->credential || row->key == keys->connection || row->key == keys->org;
}

enum ring_verdict ring_test(const struct ring *ring, uint64_t since,
                            const struct kept_principal *who, const struct revoked *own,
                            enum revocation_kind *ret_own_kind) {
    const bool has_overrun = ring->count - since > RING_ROWS;
    if (has_overrun && !HOLE(21)) {
        return RING_OVERRUN;
    }
    enum ring_verdict verdict = RING_CLEAR;
    for (uint64_t at = has_overrun ? ring->count - RING_ROWS : since; at != ring->count; at++) {
        const struct ring_row *row = &ring->rows[at % RING_ROWS];
        if (!row_hits(row, who)) {
            continue;
        }
        if (own == NULL || !own->is_set || own->partition != row->partition ||
            own->seq != row->seq) {
            return RING_HIT;
        }
        verdict = RING_OWN;
        *ret_own_kind = row->kind;
    }
    return verdict;
}
