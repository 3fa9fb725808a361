#include "gateway/rate.h"

#include <stdlib.h>

#include "base/clock.h"
#include "gateway/index.h"

enum { RATE_SLOTS = 8192, RATE_WAYS = 4 };

struct bucket {
    uint64_t key;       /* 0: unused */
    int64_t full_at_us; /* when the bucket will be full again */
};

struct rate_table {
    struct bucket buckets[RATE_SLOTS];
};

struct rate_table *rate_table_new(void) {
    struct rate_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        abort();
    }
    return table;
}

void rate_table_free(struct rate_table **table) {
    free(*table);
    *table = NULL;
}

/* Its own bucket, or the one of the group that is full soonest. */
static struct bucket *bucket_of(struct rate_table *table, uint64_t key) {
    struct bucket *group = &table->buckets[(key % RATE_SLOTS) & ~(uint64_t) (RATE_WAYS - 1)];
    struct bucket *emptiest = group;
    for (size_t i = 0; i < RATE_WAYS; i++) {
        if (group[i].key == key) {
            return &group[i];
        }
        if (group[i].full_at_us < emptiest->full_at_us) {
            emptiest = &group[i];
        }
    }
    *emptiest = (struct bucket){key, 0};
    return emptiest;
}

bool rate_take(struct rate_table *table, char limit, struct str address, unsigned per_minute,
               int64_t now_boot_us, int64_t *ret_retry_after_s) {
    if (per_minute == 0) {
        return true;
    }
    const int64_t cost_us = S_TO_US(60) / per_minute;
    const int64_t burst_us = cost_us > S_TO_US(15) ? cost_us : S_TO_US(15);
    struct bucket *bucket = bucket_of(table, index_key(limit, STR(""), address) | 1);
    if (bucket->full_at_us < now_boot_us) {
        bucket->full_at_us = now_boot_us;
    }
    const int64_t wait_us = bucket->full_at_us + cost_us - burst_us - now_boot_us;
    if (wait_us > 0) {
        *ret_retry_after_s = (wait_us + US_PER_S - 1) / US_PER_S;
        return false;
    }
    bucket->full_at_us += cost_us;
    return true;
}
