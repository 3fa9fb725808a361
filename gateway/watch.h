#pragma once
/* What the job runners look after from time to time: providers whose metadata is due become jobs,
 * certificates that will expire become alerts. Any node may do it, twice does no harm. */

#include "base/db.h"

struct metrics;

enum { SCHEDULE_EVERY_S = 5, CERTIFICATES_EVERY_S = 3600 };

/* Of one runner; zeroed at first. Boot times. */
struct watch {
    int64_t scheduled_us, certificates_us;
    bool has_started;
};

/* A failure is logged: the next round tries again. */
void watch_step(struct scope *scope, struct db *db, struct metrics *metrics, struct watch *watch);
