#include "gateway/barrier.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "gateway/holes.h"

enum {
    KNOWN_MOST = 256, /* instances whose acknowledgements are kept; the least recent one goes */
    RECENT_MOST = 256,
    QUESTION_BOUNDS = 5 /* a commit that nobody finds for so many bounds is lost */
};

/* What an instance has acknowledged; long-lived, so it owns its texts. */
struct known {
    char instance[64], generation[64];
    size_t instance_len, generation_len;
    int64_t positions[REVOCATION_PARTITIONS];
    uint64_t used;
};

struct recent_cut {
    int partition;
    int64_t seq, sockets;
};

struct barriers {
    int64_t bound_us;
    struct barrier *first;
    uint64_t uses;
    size_t known_count;
    struct known known[KNOWN_MOST];
    size_t recent_at;
    struct recent_cut recent[RECENT_MOST]; /* rows that were applied before their barrier came */
};

struct barriers *barriers_new(int64_t bound_us) {
    struct barriers *barriers = calloc(1, sizeof *barriers);
    if (barriers == NULL) {
        abort();
    }
    barriers->bound_us = bound_us;
    return barriers;
}

void barriers_free(struct barriers **barriers) {
    free(*barriers); /* what waits lives in its exchange */
    *barriers = NULL;
}

void barriers_add(struct barriers *barriers, struct exchange *exchange) {
    struct barrier *barrier = NEW(exchange->arena, struct barrier);
    const struct revoked *revoked = &exchange->revoked;
    barrier->exchange = exchange;
    barrier->generation = revoked->generation;
    barrier->since_boot_us = HOLE(6) ? exchange->began_boot_us : revoked->committed_boot_us;
    for (size_t i = 0; i < RECENT_MOST; i++) {
        const struct recent_cut *cut = &barriers->recent[i];
        if (cut->partition == revoked->partition && cut->seq == revoked->seq) {
            barrier->sockets += cut->sockets;
        }
    }
    barrier->next = barriers->first;
    barriers->first = barrier;
}

static bool is_same(const struct known *known, struct str instance, struct str generation) {
    return str_eq((struct str){known->instance, known->instance_len}, instance) &&
           (HOLE(19) || str_eq((struct str){known->generation, known->generation_len}, generation));
}

static struct known *known_of(struct barriers *barriers, struct str instance,
                              struct str generation) {
    struct known *oldest = &barriers->known[0];
    for (size_t i = 0; i < barriers->known_count; i++) {
        struct known *known = &barriers->known[i];
        if (is_same(known, instance, generation)) {
            return known;
        }
        if (known->used < oldest->used) {
            oldest = known;
        }
    }
    struct known *known =
        barriers->known_count < KNOWN_MOST ? &barriers->known[barriers->known_count++] : oldest;
    memset(known, 0, sizeof *known);
    memcpy(known->instance, instance.at, instance.len);
    memcpy(known->generation, generation.at, generation.len);
    known->instance_len = instance.len;
    known->generation_len = generation.len;
    return known;
}

static const struct known *find_known(const struct barriers *barriers, struct str instance,
                                      struct str generation) {
    for (size_t i = 0; i < barriers->known_count; i++) {
        if (is_same(&barriers->known[i], instance, generation)) {
            return &barriers->known[i];
        }
    }
    return NULL;
}

static bool has_acknowledged(const struct barriers *barriers, const struct barrier *barrier,
                             struct str instance) {
    const struct revoked *revoked = &barrier->exchange->revoked;
    const struct known *known = find_known(barriers, instance, barrier->generation);
    return known != NULL && known->positions[revoked->partition] >= revoked->seq;
}

static void count_acks(const struct barriers *barriers, struct barrier *barrier,
                       int64_t now_boot_us) {
    for (size_t i = 0; i < barrier->ack_count; i++) {
        struct barrier_ack *ack = &barrier->acks[i];
        if (ack->after_us < 0 && has_acknowledged(barriers, barrier, ack->instance)) {
            const int64_t after_us = now_boot_us - barrier->since_boot_us;
            ack->after_us = after_us < 0 ? 0 : after_us;
            barrier->waiting--;
        }
    }
}

void barriers_acknowledge(struct barriers *barriers, struct str instance, struct str generation,
                          const int64_t positions[REVOCATION_PARTITIONS], int64_t now_boot_us) {
    if (instance.len > sizeof barriers->known[0].instance ||
        generation.len > sizeof barriers->known[0].generation) {
        return; /* nobody of ours */
    }
    struct known *known = known_of(barriers, instance, generation);
    known->used = ++barriers->uses;
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        if (positions[i] > known->positions[i]) {
            known->positions[i] = positions[i];
        }
    }
    for (struct barrier *barrier = barriers->first; barrier != NULL; barrier = barrier->next) {
        count_acks(barriers, barrier, now_boot_us);
    }
}

static void take_list(const struct barriers *barriers, struct barrier *barrier,
                      const struct barrier_read *read) {
    struct arena *arena = barrier->exchange->arena;
    const size_t count = read->nodes->count;
    barrier->acks = NEW_ARRAY(arena, count, struct barrier_ack);
    for (size_t i = 0; i < count; i++) {
        barrier->acks[i] = (struct barrier_ack){str_copy(arena, read->nodes->rows[i].instance), -1};
    }
    barrier->ack_count = barrier->waiting = count;
    barrier->has_list = true;
    count_acks(barriers, barrier, read->now_boot_us);
}

static void read_for(const struct barriers *barriers, struct barrier *barrier,
                     const struct barrier_read *read) {
    const struct revoked *revoked = &barrier->exchange->revoked;
    if (!str_eq(barrier->generation, read->generation) && !HOLE(19)) {
        barrier->is_questioned = true;
        barrier->has_list = false;
        return;
    }
    const bool is_after = read->heads[revoked->partition] >= revoked->seq;
    if (!barrier->has_list && (is_after || HOLE(8))) {
        take_list(barriers, barrier, read);
    }
}

void barriers_read(struct barriers *barriers, const struct barrier_read *read) {
    for (size_t i = 0; i < read->nodes->count; i++) {
        const struct node_row *node = &read->nodes->rows[i];
        if (node->has_applied) {
            barriers_acknowledge(barriers, node->instance, node->generation, node->applied,
                                 read->now_boot_us);
        }
    }
    for (struct barrier *barrier = barriers->first; barrier != NULL; barrier = barrier->next) {
        read_for(barriers, barrier, read);
    }
}

struct barrier *barriers_questioned(struct barriers *barriers) {
    struct barrier *barrier = barriers->first;
    while (barrier != NULL && !barrier->is_questioned) {
        barrier = barrier->next;
    }
    return barrier;
}

static void lose(struct barrier *barrier) {
    barrier->exchange->revoked.is_set = false;
}

void barriers_question_answered(struct barriers *barriers, struct barrier *barrier, bool is_there,
                                struct str generation, int64_t now_boot_us) {
    (void) barriers;
    barrier->is_questioned = false;
    if (!is_there) {
        lose(barrier);
        return;
    }
    barrier->generation = str_copy(barrier->exchange->arena, generation);
    barrier->since_boot_us = now_boot_us;
    barrier->has_list = false;
}

void barriers_lose_all(struct barriers *barriers) {
    for (struct barrier *barrier = barriers->first; barrier != NULL; barrier = barrier->next) {
        lose(barrier);
    }
}

void barriers_cut(struct barriers *barriers, int partition, int64_t seq, int64_t sockets) {
    barriers->recent[barriers->recent_at++ % RECENT_MOST] =
        (struct recent_cut){partition, seq, sockets};
    for (struct barrier *barrier = barriers->first; barrier != NULL; barrier = barrier->next) {
        const struct revoked *revoked = &barrier->exchange->revoked;
        if (revoked->partition == partition && revoked->seq == seq) {
            barrier->sockets += sockets;
        }
    }
}

static int64_t ends_at(const struct barriers *barriers, const struct barrier *barrier) {
    const int64_t bounds = barrier->is_questioned ? QUESTION_BOUNDS : 1;
    return barrier->since_boot_us + bounds * barriers->bound_us;
}

static bool has_ended(const struct barriers *barriers, const struct barrier *barrier,
                      int64_t now_boot_us, enum barrier_end *ret) {
    if (!barrier->exchange->revoked.is_set) {
        *ret = BARRIER_LOST;
        return true;
    }
    if (barrier->has_list && barrier->waiting == 0) {
        *ret = BARRIER_ACKNOWLEDGED;
        return true;
    }
    *ret = barrier->is_questioned ? BARRIER_LOST : BARRIER_BOUND;
    return now_boot_us >= ends_at(barriers, barrier);
}

struct barrier *barriers_take_ended(struct barriers *barriers, int64_t now_boot_us,
                                    enum barrier_end *ret) {
    for (struct barrier **at = &barriers->first; *at != NULL; at = &(*at)->next) {
        struct barrier *barrier = *at;
        if (has_ended(barriers, barrier, now_boot_us, ret)) {
            *at = barrier->next;
            return barrier;
        }
    }
    return NULL;
}

bool barriers_want_read(const struct barriers *barriers) {
    for (const struct barrier *at = barriers->first; at != NULL; at = at->next) {
        if (!at->has_list && !at->is_questioned) {
            return true;
        }
    }
    return false;
}

void barriers_hint(const struct barriers *barriers, bool ret[REVOCATION_PARTITIONS]) {
    for (const struct barrier *at = barriers->first; at != NULL; at = at->next) {
        if (!at->has_list) {
            ret[at->exchange->revoked.partition] = true;
        }
    }
}

int64_t barriers_next_us(const struct barriers *barriers) {
    int64_t next = INT64_MAX;
    for (const struct barrier *at = barriers->first; at != NULL; at = at->next) {
        const int64_t end = ends_at(barriers, at);
        next = end < next ? end : next;
    }
    return next;
}
