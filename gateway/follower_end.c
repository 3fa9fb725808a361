#include "gateway/follower_internal.h"

#include <stdlib.h>

#include "base/env.h"
#include "base/log.h"
#include "gateway/metric.h"
#include "gateway/worker.h"
#include "messaging/receipt.h"

/* What happens when a barrier opens: the answer goes back to its shard, the receipt to a worker. */

struct receipt_chore {
    struct chore chore; /* first */
    struct receipt_chore *next;
    struct arena *arena;
    struct str org_id, id;
    struct receipt_answer answer;
};

static void chore_free(struct receipt_chore *chore) {
    struct arena *arena = chore->arena; /* the chore lives in it */
    arena_end(&arena);
}

static void write_receipt(struct chore *base, struct scope *scope, struct db *db) {
    struct receipt_chore *chore = (struct receipt_chore *) (void *) base;
    result written = {UNAVAILABLE};
    if (db != NULL) {
        written = receipt_complete(scope, db, chore->org_id, chore->id, &chore->answer);
    }
    if (!is_ok(written)) {
        log_warning(scope, "receipt.incomplete", LOG_ORG(chore->org_id),
                    LOG_ID("receipt", chore->id), LOG_CODE(written));
    }
    chore_free(chore);
}

static void keep_receipt(struct follower *follower, const struct barrier *barrier, int64_t now) {
    const struct revoked *revoked = &barrier->exchange->revoked;
    if (revoked->id.len == 0) {
        return;
    }
    struct arena *arena = arena_new();
    struct receipt_chore *chore = NEW(arena, struct receipt_chore);
    struct receipt_ack *acks = NEW_ARRAY(arena, barrier->ack_count, struct receipt_ack);
    for (size_t i = 0; i < barrier->ack_count; i++) {
        acks[i] = (struct receipt_ack){str_copy(arena, barrier->acks[i].instance),
                                       barrier->acks[i].after_us};
    }
    const int64_t wall_us = clock_now_us(follower->set.env->clock);
    chore->chore.work.kind = WORK_CHORE;
    chore->chore.run = write_receipt;
    chore->arena = arena;
    chore->org_id = str_copy(arena, revoked->org_id);
    chore->id = str_copy(arena, revoked->id);
    chore->answer = (struct receipt_answer){
        .committed_us = wall_us - (now - revoked->committed_boot_us),
        .answered_us = wall_us,
        .sockets = barrier->sockets,
        .acks = acks,
        .ack_count = barrier->ack_count,
    };
    chore->next = follower->receipts;
    follower->receipts = chore;
}

void follower_push_receipts(struct follower *follower) {
    while (follower->receipts != NULL) {
        struct receipt_chore *chore = follower->receipts;
        struct receipt_chore *next = chore->next; /* a worker may free it at once */
        if (!queue_push(follower->set.receipts, QUEUE_NORMAL, &chore->chore.work.letter)) {
            return;
        }
        follower->receipts = next;
    }
}

void follower_drop_receipts(struct follower *follower) {
    while (follower->receipts != NULL) {
        struct receipt_chore *chore = follower->receipts;
        follower->receipts = chore->next;
        chore_free(chore);
    }
}

static void end_one(struct follower *follower, struct barrier *barrier, enum barrier_end end,
                    int64_t now) {
    struct exchange *exchange = barrier->exchange;
    struct metrics *metrics = follower->set.metrics;
    switch (end) {
    case BARRIER_LOST: exchange->outcome = FAIL(exchange, UNAVAILABLE, "revocation.lost"); break;
    case BARRIER_BOUND: metric_add(metrics, METRIC_REVOCATION_LATE, 1); break;
    case BARRIER_ACKNOWLEDGED: break;
    }
    if (end != BARRIER_LOST) {
        metric_observe_labelled(metrics, METRIC_REVOCATION, REVOCATION_SPREAD,
                                now - exchange->revoked.committed_boot_us);
        metric_observe_labelled(metrics, METRIC_REVOCATION, REVOCATION_ANSWER,
                                now - exchange->began_boot_us);
        keep_receipt(follower, barrier, now);
    }
    if (follower->at.question == barrier) {
        follower->at.question = NULL; /* it lives in the exchange, which leaves here */
    }
    mailbox_post(shard_mailbox(exchange->shard), MAILBOX_NORMAL, &exchange->work.letter);
}

void follower_end_barriers(struct follower *follower, int64_t now) {
    enum barrier_end end = BARRIER_BOUND;
    struct barrier *barrier = NULL;
    while ((barrier = barriers_take_ended(follower->barriers, now, &end)) != NULL) {
        end_one(follower, barrier, end, now);
    }
}
