/* "U is out" was answered with 2xx: from then on nothing of U is accepted, delivered or open. */
#include "tests/flows/world.h"

#include <string.h>

#include "tests/flows/flow_main.h"

static void a_cached_session_is_dead_before_the_answer(void **state) {
    struct world *w = world_open(state, 1, 1);
    const struct person boss = given_boss(w, &w->acme);
    const struct person leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    assert_status(get_me(w, NODE_1, &leaver), 200);
    w->nodes[NODE_1].is_worker_stalled = true;
    assert_status(get_me(w, NODE_1, &leaver), 200); /* from the cache */
    w->nodes[NODE_1].is_worker_stalled = false;

    assert_status(deactivate(w, NODE_1, &boss, &leaver.user), 200);

    assert_status(get_me(w, NODE_1, &leaver), 401);
    world_close(w);
}

static void an_open_socket_is_closed_before_the_answer(void **state) {
    struct world *w = world_open(state, 1, 2);
    const struct person boss = given_boss(w, &w->acme);
    const struct person leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    const struct person stays = given_person(w, &w->acme, "stays", ROLE_MEMBER);
    struct peer *gone = connect_socket(w, NODE_1, &leaver);
    struct peer *other = connect_socket(w, NODE_1, &stays);

    assert_status(deactivate(w, NODE_1, &boss, &leaver.user), 200);

    assert_closed(gone, 4401);
    assert_string_equal(gone->close_reason, "user.deactivated");
    assert_true(other->is_open);
    assert_true(peer_has(other, "user.deactivated"));
    world_close(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_cached_session_is_dead_before_the_answer),
        ON_BOTH(an_open_socket_is_closed_before_the_answer),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
