#pragma once
/* The moments at which the obvious implementation breaks the promise. Each scenario says whether
 * the promise was kept; with its hole open it must not be. */

#include "tests/flows/world.h"

struct scenario {
    const char *name;
    unsigned hole;
    bool only_postgres; /* needs two nodes */
    bool (*is_promise_kept)(void **state);
};

extern const struct scenario SCENARIOS[];
extern const size_t SCENARIO_COUNT;
