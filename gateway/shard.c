#include "gateway/follower.h"
#include "gateway/holes.h"
#include "gateway/metric.h"
#include "gateway/shard_internal.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/log.h"

struct shard *shard_new(const struct shard_settings *settings) {
    struct shard *shard = calloc(1, sizeof *shard);
    if (shard == NULL) {
        abort();
    }
    shard->set = *settings;
    shard->mailbox = mailbox_new();
    shard->cache = session_cache_new(settings->max_cached);
    shard->rates = rate_table_new();
    shard->soft_us = settings->bound_us * 7 / 10;
    shard->is_fenced = true;
    live_open(shard);
    return shard;
}

void shard_free(struct shard **shard) {
    if (*shard == NULL) {
        return;
    }
    live_close(*shard);
    while ((*shard)->spare_count > 0) {
        arena_end(&(*shard)->spare[--(*shard)->spare_count]);
    }
    session_cache_free(&(*shard)->cache);
    rate_table_free(&(*shard)->rates);
    mailbox_free(&(*shard)->mailbox);
    free(*shard);
    *shard = NULL;
}

struct mailbox *shard_mailbox(struct shard *shard) {
    return shard->mailbox;
}

const struct env *shard_env(const struct shard *shard) {
    return shard->set.env;
}

unsigned shard_number(const struct shard *shard) {
    return shard->set.number;
}

void shard_set_dead_man(struct shard *shard, struct dead_man *dead_man) {
    shard->dead_man = dead_man;
}

int64_t shard_now(const struct shard *shard) {
    return clock_boot_us(shard->set.env->clock);
}

bool shard_is_trusted(const struct shard *shard) {
    return !shard->is_fenced && shard_now(shard) - shard->lease_us < shard->soft_us;
}

/* After this nothing on the shard stands for anybody: no cache, no socket, no ticket. */
static void fence(struct shard *shard) {
    shard->is_fenced = true;
    metric_add(shard->set.metrics, METRIC_FENCES, 1);
    if (!HOLE(24)) {
        ring_void(&shard->ring);
    }
    session_cache_clear(shard->cache);
    live_cut_all(shard, LIVE_CLOSE_LATER, STR("try again"));
    if (shard->dead_man != NULL) {
        dead_man_disarm(shard->dead_man, shard->set.number);
    }
}

bool shard_decide(struct shard *shard) {
    if (shard_is_trusted(shard) || HOLE(17)) {
        return true;
    }
    if (!shard->is_fenced) {
        fence(shard);
    }
    return false;
}

struct ticket shard_ticket(const struct shard *shard) {
    return (struct ticket){shard->ring.count, shard_now(shard)};
}

bool shard_covers(const struct shard *shard, const int64_t vector[REVOCATION_PARTITIONS]) {
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        if (shard->applied[i] < vector[i]) {
            return HOLE(15);
        }
    }
    return true;
}

/* The new lease, once everything before it is applied (rule 16). Until then the shard does not
 * trust itself; a beat that took too long changes nothing. */
static void renew(struct shard *shard, int64_t lease_us) {
    if (lease_us > shard->lease_us) {
        shard->lease_us = lease_us;
    }
    const bool is_good = shard_now(shard) - shard->lease_us < shard->soft_us;
    if (is_good && lease_us != 0) {
        if (shard->is_fenced && shard->dead_man != NULL) {
            /* The fence may have come after the follower armed it for this letter. */
            dead_man_arm(shard->dead_man, shard->set.number, shard->lease_us);
        }
        shard->is_fenced = false;
    } else if (!is_good && !shard->is_fenced) {
        fence(shard);
    } else if (!is_good && shard->dead_man != NULL) {
        dead_man_disarm(shard->dead_man, shard->set.number); /* armed for this letter */
    }
}

static void apply(struct shard *shard, struct apply_letter *letter) {
    const struct apply_batch *batch = letter->batch;
    if (batch->is_reset) {
        fence(shard);
        shard->lease_us = 0;
    }
    /* An idle shard may not have noticed that its lease ran out: what it holds from before must not
     * be trusted again only because this letter brings a new lease. */
    (void) shard_decide(shard);
    for (size_t i = 0; i < batch->count; i++) {
        ring_add(&shard->ring, &batch->rows[i]);
        session_cache_revoke(shard->cache, &batch->rows[i]);
        letter->cut_sockets[i] = live_revoke(shard, &batch->rows[i]);
    }
    if (batch->count > 0 && shard->set.transport->revoked != NULL) {
        shard->set.transport->revoked(shard->set.transport);
    }
    shard->is_urgent = shard->is_urgent || batch->count > 0;
    memcpy(shard->applied, batch->positions, sizeof shard->applied);
    shard->is_bus_gone = batch->is_bus_gone;
    renew(shard, batch->lease_us);
    follower_applied(shard->set.follower, letter);
    live_covered(shard);
}

static void take_exchange(struct shard *shard, struct exchange *exchange) {
    shard->is_urgent = shard->is_urgent || exchange->revoked.is_set;
    shard_exchange_back(shard, exchange);
}

static void run_letters(struct shard *shard, enum mailbox_lane lane) {
    struct letter *letter = mailbox_take(shard->mailbox, lane);
    while (letter != NULL) {
        struct letter *next = letter->next;
        switch (((struct work *) (void *) letter)->kind) {
        case WORK_APPLY: apply(shard, (struct apply_letter *) (void *) letter); break;
        case WORK_EXCHANGE: take_exchange(shard, (struct exchange *) (void *) letter); break;
        case WORK_EVENTS: live_events(shard, (struct events_letter *) (void *) letter); break;
        case WORK_CAUGHT_UP: live_caught_up(shard, (struct catch_up *) (void *) letter); break;
        case WORK_NOTICE: live_notice(shard, (struct notice_letter *) (void *) letter); break;
        case WORK_CHORE:
        case WORK_HINT:
        case WORK_WATCH:
        case WORK_REPAIRED:
        case WORK_BUS: abort(); /* never posted to a shard */
        }
        letter = next;
    }
}

/* The colleagues of whoever leaves hear of it, a slice of sends that the acknowledgement and the
 * answer need not wait for; where the follower shares the shard's core, it gets that, too. */
static bool lets_revocations_pass(struct shard *shard) {
    const bool is_put_off = shard->is_urgent && shard->put_offs < PUT_OFFS_MOST;
    shard->put_offs = is_put_off ? shard->put_offs + 1 : 0;
    shard->is_urgent = false;
    if (is_put_off) {
        (void) sched_yield();
    }
    return is_put_off;
}

bool shard_step(struct shard *shard) {
    mailbox_clear(shard->mailbox);
    run_letters(shard, MAILBOX_CONTROL);
    (void) shard_decide(shard);
    run_letters(shard, MAILBOX_NORMAL);
    live_timers_run(shard);
    const bool has_more = lets_revocations_pass(shard) || live_fanout(shard);
    live_bury(shard);
    return has_more;
}

int64_t shard_next_timer_us(const struct shard *shard) {
    int64_t next = INT64_MAX;
    if (!shard->is_fenced && !HOLE(17)) {
        next = shard->lease_us + shard->soft_us;
    }
    const int64_t tick_us = (shard->wheel_second + 1) * US_PER_S;
    if (shard->socket_count > 0 && tick_us < next) {
        next = tick_us;
    }
    return next;
}

bool shard_drain(struct shard *shard) {
    shard->is_draining = true;
    live_cut_some(shard, FANOUT_SLICE, LIVE_CLOSE_RESTART, STR("restart"));
    (void) shard_step(shard);
    const bool is_drained = shard->socket_count == 0 && shard->away == 0;
    atomic_store(&shard->is_drained, is_drained);
    return is_drained;
}

bool shard_is_drained(const struct shard *shard) {
    return atomic_load(&shard->is_drained);
}
