#include "gateway/worker.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/env.h"
#include "gateway/exchange_run.h"
#include "gateway/follower.h"
#include "gateway/holes.h"
#include "gateway/live_messenger.h"
#include "gateway/metric.h"

struct worker {
    struct worker_settings set;
    struct arena *arena; /* of the chore at hand */
    struct db *db;
};

struct worker *worker_new(const struct worker_settings *settings) {
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        abort();
    }
    worker->set = *settings;
    worker->arena = arena_new();
    if (worker->set.live_command == NULL) {
        worker->set.live_command = live_messenger;
    }
    return worker;
}

void worker_free(struct worker **worker) {
    if (*worker == NULL) {
        return;
    }
    db_close(&(*worker)->db);
    arena_end(&(*worker)->arena);
    free(*worker);
    *worker = NULL;
}

struct db *worker_db(struct worker *worker) {
    return worker->db;
}

static RESULT need_db(struct scope *scope, struct worker *worker) {
    return worker->db != NULL ? OK_RESULT : db_open(scope, worker->set.store, &worker->db);
}

static void post_back(struct exchange *exchange) {
    mailbox_post(shard_mailbox(exchange->shard), MAILBOX_NORMAL, &exchange->work.letter);
}

/* The credential, unless the shard knows it already. False: the outcome says why not. */
static bool check(struct worker *worker, struct exchange *exchange) {
    if (!exchange->has_credential || exchange->has_principal) {
        return true;
    }
    struct scope scope = {.arena = exchange->arena, .env = worker->set.env};
    const result checked =
        principal_check(&scope, worker->db, &exchange->credential, &exchange->principal);
    if (!is_ok(checked)) {
        exchange->outcome = checked;
        exchange->reason = scope.reason;
        return false;
    }
    exchange->has_principal = true;
    exchange->is_checked = true;
    return true;
}

static bool is_wanted_first(const struct exchange *exchange) {
    return exchange->step == STEP_HANDLE || exchange->step == STEP_LIVE;
}

static call_handler handler_of(const struct worker *worker, const struct exchange *exchange) {
    return exchange->step == STEP_LIVE ? worker->set.live_command : exchange->route->handler;
}

static bool is_write(const struct exchange *exchange) {
    return exchange->step == STEP_LIVE ||
           (exchange->request.method != HTTP_GET && exchange->request.method != HTTP_HEAD);
}

static void handle(struct worker *worker, struct exchange *exchange) {
    const struct exchange_context context = {
        .env = worker->set.env,
        .db = worker->db,
        .messaging = worker->set.messaging,
        .identity = worker->set.identity,
        .provisioning = worker->set.provisioning,
    };
    const int64_t began_us = clock_boot_us(worker->set.env->clock);
    exchange_run(exchange, &context, handler_of(worker, exchange));
    if (is_ok(exchange->outcome) && exchange->revoked.is_set) {
        metric_observe_labelled(worker->set.metrics, METRIC_REVOCATION, REVOCATION_COMMIT,
                                exchange->revoked.committed_boot_us - began_us);
    }
    /* A revocation is its own hint: one in front of it would have the follower read events first.
     */
    const bool is_hint_due = is_write(exchange) && !exchange->revoked.is_set;
    if (is_ok(exchange->outcome) && is_hint_due && exchange->has_principal) {
        follower_hint(worker->set.follower, exchange->principal.actor.org_id);
    }
}

static void run_exchange(struct worker *worker, struct exchange *exchange) {
    struct scope scope = {.arena = exchange->arena, .env = worker->set.env};
    const result opened = need_db(&scope, worker);
    if (!is_ok(opened)) {
        exchange->has_principal = false;
        exchange->outcome = opened;
        exchange->reason = scope.reason;
        post_back(exchange);
        return;
    }
    if (check(worker, exchange) && is_wanted_first(exchange)) {
        handle(worker, exchange);
    }
    /* Also behind a refusal: a provider's request that says "out" is heard even where it errs. */
    if (is_wanted_first(exchange) && exchange->revoked.is_set && !HOLE(7)) {
        follower_barrier(worker->set.follower, exchange);
        return;
    }
    post_back(exchange);
}

static void run_chore(struct worker *worker, struct chore *chore) {
    struct scope scope = {.arena = worker->arena, .env = worker->set.env};
    const result opened = need_db(&scope, worker);
    chore->run(chore, &scope, is_ok(opened) ? worker->db : NULL);
    arena_reset(worker->arena);
}

static void run(struct worker *worker, struct letter *letter) {
    if (((struct work *) (void *) letter)->kind == WORK_CHORE) {
        run_chore(worker, (struct chore *) (void *) letter);
        return;
    }
    run_exchange(worker, (struct exchange *) (void *) letter);
}

static void take(struct worker *worker, struct letter *letter) {
    const uint64_t share = letter->share; /* the letter is gone behind its work */
    run(worker, letter);
    queue_done(worker->set.queue, share);
}

bool worker_step(struct worker *worker) {
    struct letter *letter = queue_pop(worker->set.queue, worker->set.only_revocations);
    if (letter != NULL) {
        take(worker, letter);
    }
    return letter != NULL;
}

bool worker_try_step(struct worker *worker) {
    struct letter *letter = queue_try_pop(worker->set.queue);
    if (letter != NULL) {
        take(worker, letter);
    }
    return letter != NULL;
}
