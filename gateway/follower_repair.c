#include "gateway/follower_internal.h"

#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "gateway/metric.h"
#include "gateway/worker.h"
#include "identity/reapply.h"

/* Rule 14: after a failover that lost commits the node says again what it remembers. A worker does
 * it, for the follower must not wait for the database; nothing is trusted here meanwhile. */

struct repair_chore {
    struct chore chore; /* first; on its way back WORK_REPAIRED */
    struct arena *arena;
    struct mailbox *to;
    const struct messaging *messaging;
    size_t count;
    struct revocation *rows;
    bool is_done;
    int64_t applied;
};

static unsigned char keep(char *at, struct str text) {
    memcpy(at, text.at, text.len);
    return (unsigned char) text.len;
}

void follower_remember(struct follower *follower, const struct revocation *row) {
    if (row->id.len > MEMORY_TEXT || row->org_id.len > MEMORY_TEXT ||
        row->subject.len > MEMORY_TEXT) {
        return; /* no id of ours */
    }
    struct remembered *kept = &follower->memory[follower->memory_at++ % MEMORY_ROWS];
    kept->partition = row->partition;
    kept->seq = row->seq;
    kept->epoch = row->epoch;
    kept->kind = row->kind;
    kept->id_len = keep(kept->id, row->id);
    kept->org_len = keep(kept->org_id, row->org_id);
    kept->subject_len = keep(kept->subject, row->subject);
    follower->memory_count += follower->memory_count < MEMORY_ROWS ? 1 : 0;
}

static struct revocation recall(struct arena *arena, const struct remembered *kept) {
    return (struct revocation){
        .partition = kept->partition,
        .seq = kept->seq,
        .epoch = kept->epoch,
        .kind = kept->kind,
        .id = str_copy(arena, (struct str){kept->id, kept->id_len}),
        .org_id = str_copy(arena, (struct str){kept->org_id, kept->org_len}),
        .subject = str_copy(arena, (struct str){kept->subject, kept->subject_len}),
    };
}

static result repair(struct scope *scope, struct repair_chore *repair, struct db *db) {
    REQUIRE(scope, db != NULL, UNAVAILABLE, "db.unavailable");
    for (size_t i = 0; i < repair->count; i++) {
        const struct revocation *row = &repair->rows[i];
        bool is_there = false;
        bool is_applied = false;
        TRY(revocation_is_there(scope, db, row, &is_there));
        if (!is_there) {
            TRY(revocation_reapply(scope, repair->messaging, db, row, &is_applied));
            repair->applied += is_applied ? 1 : 0;
        }
    }
    return OK_RESULT;
}

static void run(struct chore *base, struct scope *scope, struct db *db) {
    struct repair_chore *chore = (struct repair_chore *) (void *) base;
    const result repaired = repair(scope, chore, db);
    chore->is_done = is_ok(repaired);
    if (!chore->is_done) {
        log_error(scope, "revocation.repair_failed", LOG_CODE(repaired), LOG_REASON(scope));
    }
    chore->chore.work.kind = WORK_REPAIRED;
    mailbox_post(chore->to, MAILBOX_NORMAL, &chore->chore.work.letter);
}

static void free_chore(struct repair_chore *chore) {
    struct arena *arena = chore->arena; /* the chore lives in it */
    arena_end(&arena);
}

void follower_push_repair(struct follower *follower, int64_t now) {
    if (follower->phase != PHASE_REPAIR || follower->is_repairing ||
        now < follower->next_repair_us) {
        return;
    }
    struct arena *arena = arena_new();
    struct repair_chore *chore = NEW(arena, struct repair_chore);
    chore->chore.work.kind = WORK_CHORE;
    chore->chore.run = run;
    chore->arena = arena;
    chore->to = follower->mailbox;
    chore->messaging = follower->set.messaging;
    chore->count = follower->memory_count;
    chore->rows = NEW_ARRAY(arena, chore->count, struct revocation);
    for (size_t i = 0; i < chore->count; i++) { /* oldest first */
        const size_t at = follower->memory_at - follower->memory_count + i;
        chore->rows[i] = recall(arena, &follower->memory[at % MEMORY_ROWS]);
    }
    follower->is_repairing =
        queue_push(follower->set.receipts, QUEUE_REVOCATION, &chore->chore.work.letter);
    if (!follower->is_repairing) {
        follower->next_repair_us = now + MS_TO_US(50);
        free_chore(chore);
    }
}

void follower_repaired(struct follower *follower, struct letter *letter) {
    struct repair_chore *chore = (struct repair_chore *) (void *) letter;
    struct scope scope = follower_scope(follower, chore->arena);
    follower->is_repairing = false;
    metric_add(follower->set.metrics, METRIC_REVOCATION_REAPPLIED, chore->applied);
    if (chore->applied > 0) {
        log_error(&scope, "revocation.reapplied", LOG_COUNT("revocations", chore->applied));
    }
    if (!chore->is_done) {
        follower->next_repair_us = follower_now(follower) + S_TO_US(1);
    } else if (follower->phase == PHASE_REPAIR) {
        follower->memory_count = 0; /* they stand in the history that is read from here on */
        follower->phase = PHASE_JOIN;
        follower->next_try_us = 0;
    }
    free_chore(chore);
}
