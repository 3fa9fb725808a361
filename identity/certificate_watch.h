#pragma once
/* Looks at every certificate that sign-in depends on, the providers' and ours, and has
 * administrators told in time. Any node may look, as often as it likes: an alert is raised once. */

#include "base/db.h"

/* How long until the first connection of the installation has nothing but expired certificates:
 * one number for each kind, so that a metric shows no organisation. */
struct certificate_outlook {
    bool has_provider, has_own;            /* there is any */
    int64_t provider_left_us, own_left_us; /* negative: since then */
};

/* A certificate that could not be alerted about (a conflict, a database that is away) is tried
 * again at the next look; the first such failure is what is returned, after all were looked at. */
RESULT certificate_watch(struct scope *scope, struct db *db, struct certificate_outlook *ret);
