#pragma once
/* Durable jobs: which function runs a kind, and the loop that claims them. */

#include <stdatomic.h>

#include "base/job.h"

struct app;

/* Until `stop` is set; blocks the calling thread. */
void jobs_run(struct app *app, const atomic_bool *stop);
/* One job, if any is due: true when there may be more. For runners and tests. */
bool jobs_step(struct scope *scope, struct app *app, struct db *db, struct str owner);
