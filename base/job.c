#include "base/job.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/job_store.h"
#include "base/random.h"

enum { MOST_ATTEMPTS = 20, CLAIM_TRIES = 16, CLAIM_SPREAD = 16 };
static const int64_t FIRST_BACK_OFF_US = S_TO_US(1);
static const int64_t LONGEST_BACK_OFF_US = S_TO_US(3600);

result job_enqueue(struct scope *scope, struct tx *tx, struct str org_id, struct str kind,
                   struct str payload, int64_t run_at_us) {
    const struct job job = {
        .id = uuid_v7(scope), .org_id = org_id, .kind = kind, .payload = payload};
    return job_store_insert(scope, tx, &job, run_at_us, clock_now_us(scope->env->clock));
}

static int64_t random_below(struct scope *scope, int64_t limit) {
    uint32_t number = 0;
    scope->env->random->bytes(scope->env->random, &number, sizeof number);
    return (int64_t) number % limit;
}

/* One try. Only claimers that met others spread out, a lone one keeps the order. */
static result try_claim(struct scope *scope, struct db *db, const struct job_claim *claim,
                        bool *ret_is_mine, struct job *ret) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    bool is_mine = false;
    struct job job;
    TRY(job_store_claim(scope, tx, claim, &is_mine, &job));
    if (is_mine) {
        TRY(tx_commit(scope, tx));
        *ret = job;
    }
    *ret_is_mine = is_mine;
    return OK_RESULT;
}

result job_claim(struct scope *scope, struct db *db, struct str owner, int64_t lease_us,
                 struct job *ret) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct job_claim claim = {
        .owner = owner, .now_us = now_us, .lease_until_us = now_us + lease_us};
    for (int i = 0; i < CLAIM_TRIES; i++) {
        int64_t due = 0;
        TRY(job_store_count_due(scope, db, now_us, CLAIM_SPREAD, &due));
        REQUIRE(scope, due > 0, NOT_FOUND, "job.none");
        claim.skip = i == 0 ? 0 : random_below(scope, due);
        bool is_mine = false;
        TRY(try_claim(scope, db, &claim, &is_mine, ret));
        if (is_mine) {
            return OK_RESULT;
        }
    }
    return FAIL(scope, NOT_FOUND, "job.none");
}

result job_finish(struct scope *scope, struct db *db, const struct job *job, struct str owner) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(job_store_delete(scope, tx, job, owner));
    return tx_commit(scope, tx);
}

static int64_t back_off_us(int64_t attempts) {
    int64_t wait_us = FIRST_BACK_OFF_US;
    for (int64_t i = 1; i < attempts && wait_us < LONGEST_BACK_OFF_US; i++) {
        wait_us *= 2;
    }
    return wait_us < LONGEST_BACK_OFF_US ? wait_us : LONGEST_BACK_OFF_US;
}

result job_retry(struct scope *scope, struct db *db, const struct job *job, struct str owner,
                 const char *reason) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    const struct str why = str_from_c(reason);
    if (job->attempts >= MOST_ATTEMPTS) {
        TRY(job_store_bury(scope, tx, job, owner, why));
        return tx_commit(scope, tx);
    }
    const int64_t run_at_us = clock_now_us(scope->env->clock) + back_off_us(job->attempts);
    TRY(job_store_postpone(scope, tx, job, owner, run_at_us, why));
    return tx_commit(scope, tx);
}
