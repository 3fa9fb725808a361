/* Every hole of the obvious implementation, one at a time, in the gateway compiled with -DHOLES:
 * closed, the promise is kept; open, the scenario must notice. */
#include "tests/flows/scenario.h"

#include <stdio.h>

#include "gateway/holes.h"
#include "tests/flows/flow_main.h"

_Atomic unsigned hole_open = 0;

/* The same database serves both runs: names are given once per organisation, so each has its own.
 */
static bool is_kept_with(void **state, const struct scenario *scenario, unsigned hole) {
    hole_open = hole;
    const bool is_kept = scenario->is_promise_kept(state);
    hole_open = 0;
    return is_kept;
}

static const struct scenario *scenario_now;
static unsigned hole_now;

static void a_scenario(void **state) {
    const struct database *d = *state;
    if (scenario_now->only_postgres && d->engine == ENGINE_SQLITE) {
        return;
    }
    const bool is_kept = is_kept_with(state, scenario_now, hole_now);
    if (is_kept != (hole_now == 0)) {
        fail_msg("%s: with hole %u the promise is %s", scenario_now->name, hole_now,
                 is_kept ? "kept, so the test sees nothing" : "broken");
    }
}

int main(void) {
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    const struct CMUnitTest tests[] = {ON_BOTH(a_scenario)};
    int failed = 0;
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        scenario_now = &SCENARIOS[i];
        for (int is_open = 0; is_open < 2; is_open++) {
            hole_now = is_open != 0 ? scenario_now->hole : 0;
            (void) printf("%s, hole %u\n", scenario_now->name, hole_now);
            failed += cmocka_run_group_tests(tests, NULL, NULL);
        }
    }
    (void) on_both_stop(NULL);
    return failed;
}
