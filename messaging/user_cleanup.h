#pragma once
/* What follows a deactivation outside its transaction: a job that may run any number of times and
 * proves at its end that no credential of the leaver is left. */

#include "base/job.h"
#include "messaging/call.h"

#define USER_CLEANUP_JOB "user.cleanup"

RESULT user_cleanup_enqueue(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, int64_t epoch);
/* The job's function. A person who is back in the meantime is left alone: OK. */
RESULT user_cleanup_run(struct scope *scope, const struct messaging *messaging, struct db *db,
                        const struct job *job);
