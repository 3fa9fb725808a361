#pragma once
/* The rows behind job.h. */

#include "base/job.h"

struct job_claim {
    struct str owner;
    int64_t now_us;
    int64_t lease_until_us;
    int64_t skip; /* due jobs to pass over, so that claimers do not all want the same one */
};

RESULT job_store_insert(struct scope *scope, struct tx *tx, const struct job *job,
                        int64_t run_at_us, int64_t now_us);
/* How many are due, counted up to `limit`. */
RESULT job_store_count_due(struct scope *scope, struct db *db, int64_t now_us, int64_t limit,
                           int64_t *ret);
/* *ret_is_mine false: another was faster. */
RESULT job_store_claim(struct scope *scope, struct tx *tx, const struct job_claim *claim,
                       bool *ret_is_mine, struct job *ret);
/* NOT_FOUND "job.lost": the lease ended and the job is another's by now, or done. */
RESULT job_store_delete(struct scope *scope, struct tx *tx, const struct job *job,
                        struct str owner);
RESULT job_store_postpone(struct scope *scope, struct tx *tx, const struct job *job,
                          struct str owner, int64_t run_at_us, struct str reason);
RESULT job_store_bury(struct scope *scope, struct tx *tx, const struct job *job, struct str owner,
                      struct str reason);
