#pragma once
/* Durable effects outside the database (mail, clean-up, webhook …), enqueued in the transaction of
 * their cause and claimed under a lease by a guarded UPDATE. */

#include "base/db.h"

struct job {
    struct str id;
    struct str org_id;  /* empty: of the installation */
    struct str kind;    /* "user.cleanup" */
    struct str payload; /* JSON of ids; no secrets */
    int64_t attempts;   /* this one included */
};

extern const struct statement_list JOB_STATEMENTS;

RESULT job_enqueue(struct scope *scope, struct tx *tx, struct str org_id, struct str kind,
                   struct str payload, int64_t run_at_us);
/* NOT_FOUND "job.none" when nothing is due. `owner` is the claimer's own random id. */
RESULT job_claim(struct scope *scope, struct db *db, struct str owner, int64_t lease_us,
                 struct job *ret);
RESULT job_finish(struct scope *scope, struct db *db, const struct job *job, struct str owner);
/* Runs again after a back-off that doubles from 1 s to 1 h; after 20 attempts state 'dead'. */
RESULT job_retry(struct scope *scope, struct db *db, const struct job *job, struct str owner,
                 const char *reason);
