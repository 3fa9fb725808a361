/* A node that cannot renew its lease trusts nothing it holds, and comes back by itself. */
#include "tests/flows/world.h"

#include "tests/flows/flow_main.h"

struct scene {
    struct world *w;
    struct node *node;
    struct person boss, member;
    struct peer *peer;
};

static struct scene scene_open(void **state) {
    struct world *w = world_open(state, 1, 2);
    struct scene s = {
        .w = w,
        .node = &w->nodes[NODE_1],
        .boss = given_boss(w, &w->acme),
        .member = given_person(w, &w->acme, "member", ROLE_MEMBER),
    };
    assert_status(get_me(w, NODE_1, &s.member), 200);
    s.peer = connect_socket(w, NODE_1, &s.member);
    return s;
}

static void a_stalled_follower_fences_its_shards_within_the_soft_limit(void **state) {
    struct scene s = scene_open(state);
    s.node->is_follower_stalled = true;
    world_pass(s.w, s.w->bound_us / 4);
    assert_status(get_me(s.w, NODE_1, &s.member), 200); /* the lease still stands */
    assert_true(s.peer->is_open);
    world_pass(s.w, s.w->bound_us / 2);

    assert_closed(s.peer, 1013);
    struct reply *refused = get_me(s.w, NODE_1, &s.member);
    assert_status(refused, 503);
    assert_string_equal(refused->code, "shard.lease");
    assert_status(connect_begin(s.w, NODE_1, 0, &s.member), 503);
    assert_status(ask(s.w, NODE_1, &(struct ask){.method = HTTP_GET, .path = "/health"}), 200);
    assert_true(metric_value(s.node->metrics, METRIC_FENCES, 0) >= 1);

    s.node->is_follower_stalled = false;
    world_pass(s.w, MS_TO_US(100));

    assert_status(get_me(s.w, NODE_1, &s.member), 200);
    assert_true(connect_socket(s.w, NODE_1, &s.member)->is_open);
    world_close(s.w);
}

static void an_idle_shard_fences_itself(void **state) {
    struct scene s = scene_open(state);
    s.node->is_follower_stalled = true;
    const int64_t timer_us = shard_next_timer_us(s.node->shards[0]);
    assert_true(timer_us <= s.w->fixture->time.boot_us + s.w->bound_us * 7 / 10);
    world_jump(s.w, s.w->bound_us * 7 / 10, 0);
    shard_pump(s.node, 0); /* nobody asked anything */
    assert_closed(s.peer, 1013);
    world_close(s.w);
}

static void a_shard_that_stood_still_does_not_trust_what_it_held(void **state) {
    struct scene s = scene_open(state);
    s.node->is_shard_stalled[0] = true;
    world_pass(s.w, 2 * s.w->bound_us);
    s.node->is_shard_stalled[0] = false;
    world_pump(s.w); /* its letters bring a new lease, but not for the old socket */
    assert_closed(s.peer, 1013);
    world_pass(s.w, MS_TO_US(600));
    assert_status(get_me(s.w, NODE_1, &s.member), 200);
    world_close(s.w);
}

static void a_request_in_flight_over_the_end_of_the_lease_is_refused(void **state) {
    struct scene s = scene_open(state);
    s.node->is_worker_stalled = s.node->is_follower_stalled = true;
    struct reply *look =
        ask(s.w, NODE_1, &(struct ask){.who = &s.member, .method = HTTP_GET, .path = "/look"});
    world_pass(s.w, s.w->bound_us);
    s.node->is_worker_stalled = false;
    world_pump(s.w);
    assert_status(look, 503);
    world_close(s.w);
}

/* The handler ran once; only the credential is asked for again. */
static void a_slow_handler_is_checked_again_and_not_run_again(void **state) {
    struct scene s = scene_open(state);
    struct peer *peer = connect_socket(s.w, NODE_1, &s.boss);
    s.node->is_shard_stalled[0] = true;
    struct reply *said = say(s.w, NODE_1, &s.boss, "once");
    s.node->is_shard_stalled[0] = false;
    s.node->is_shard_stalled[0] = true;
    world_jump(s.w, s.w->bound_us * 8 / 10, 0);
    follower_pump(s.node);
    s.node->is_shard_stalled[0] = false;
    world_pump(s.w);
    world_pass(s.w, MS_TO_US(600));
    assert_true(said->is_answered);
    const int64_t count =
        number_of(s.w->d, "SELECT count(*) FROM message WHERE org_id = $1 AND body = $2",
                  s.boss.user.org_id, STR("once"));
    assert_int_equal(count, 1);
    (void) peer;
    world_close(s.w);
}

static void a_node_without_its_row_joins_anew(void **state) {
    static const struct statement SWEEP = {"test.sweep", INSTALLATION,
                                           "DELETE FROM node WHERE instance <> $1", NULL};
    struct scene s = scene_open(state);
    const struct str before = follower_instance(s.node->follower);
    given_row(s.w->d, &SWEEP, VALUES(value_text(STR("nobody"))));
    world_pass(s.w, MS_TO_US(600));

    assert_closed(s.peer, 1013);
    assert_false(str_eq(follower_instance(s.node->follower), before));
    assert_int_equal(nodes_listed(s.w), 1);
    assert_true(follower_is_ready(s.node->follower));
    assert_status(get_me(s.w, NODE_1, &s.member), 200);
    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.member.user), 200);
    assert_status(get_me(s.w, NODE_1, &s.member), 401);
    world_close(s.w);
}

static void a_gap_in_the_stream_drops_everything(void **state) {
    static const struct statement LOSE = {"test.lose", INSTALLATION,
                                          "DELETE FROM revocation WHERE subject = $1", NULL};
    struct scene s = scene_open(state);
    s.node->is_follower_stalled = true;
    (void) committed_elsewhere(s.w, &s.member.user);
    given_row(s.w->d, &LOSE, VALUES(value_text(s.member.user.id)));
    s.node->is_follower_stalled = false;
    world_pass(s.w, MS_TO_US(600));

    assert_false(s.peer->is_open);
    assert_status(get_me(s.w, NODE_1, &s.member), 401);
    assert_true(follower_is_ready(s.node->follower));
    world_close(s.w);
}

/* SQLite: `restore` begins another history. */
static void another_history_means_another_start(void **state) {
    static const struct statement RENEW = {
        "test.renew", INSTALLATION, "UPDATE installation SET value = $1 WHERE key = 'generation'",
        NULL};
    struct scene s = scene_open(state);
    given_row(s.w->d, &RENEW, VALUES(value_text(STR("restored"))));
    world_pass(s.w, MS_TO_US(600));

    assert_closed(s.peer, 1013);
    assert_true(follower_is_ready(s.node->follower));
    assert_status(get_me(s.w, NODE_1, &s.member), 200);
    world_close(s.w);
}

static void a_commit_that_another_history_has_not_is_no_success(void **state) {
    static const struct statement RENEW = {
        "test.renew", INSTALLATION, "UPDATE installation SET value = $1 WHERE key = 'generation'",
        NULL};
    static const struct statement LOSE = {"test.lose", INSTALLATION,
                                          "DELETE FROM revocation WHERE subject = $1", NULL};
    static const struct statement BACK = {
        "test.back", INSTALLATION, "UPDATE revocation_head SET seq = 0 WHERE seq > $1", NULL};
    struct scene s = scene_open(state);
    s.node->is_follower_stalled = true;
    struct reply *out = deactivate(s.w, NODE_1, &s.boss, &s.member.user);
    given_row(s.w->d, &RENEW, VALUES(value_text(STR("restored"))));
    given_row(s.w->d, &LOSE, VALUES(value_text(s.member.user.id)));
    given_row(s.w->d, &BACK, VALUES(value_number(0)));
    s.node->is_follower_stalled = false;
    world_pass(s.w, MS_TO_US(600));
    assert_status(out, 503);
    world_close(s.w);
}

static void a_database_that_is_away_ends_readiness_and_comes_back(void **state) {
    struct scene s = scene_open(state);
    struct db_fault fault = {.fail_at = 1};
    db_set_fault(follower_db(s.node->follower), &fault);
    for (int i = 0; i < 40; i++) {
        fault.seen = 0; /* every call fails */
        world_pass(s.w, MS_TO_US(50));
    }
    assert_false(follower_is_ready(s.node->follower));
    assert_string_equal(follower_not_ready_reason(s.node->follower), "database");
    assert_closed(s.peer, 1013);
    db_set_fault(follower_db(s.node->follower), NULL);
    world_pass(s.w, MS_TO_US(300));
    assert_true(follower_is_ready(s.node->follower));
    assert_status(get_me(s.w, NODE_1, &s.member), 200);
    world_close(s.w);
}

/* A new connection is waited for in both directions: connecting is something to write. */
static void a_connection_that_is_cut_is_made_again(void **state) {
    static const struct statement PID = {"test.pid", INSTALLATION, "SELECT pg_backend_pid()", NULL};
    static const struct statement CUT = {"test.cut", INSTALLATION,
                                         "SELECT pg_terminate_backend($1)", NULL};
    struct scene s = scene_open(state);
    struct rows rows;
    assert_ok(db_run(s.w->scope, follower_db(s.node->follower), &PID, NO_VALUES, &rows));
    given_row(s.w->d, &CUT, VALUES(value_number(rows_number(&rows, 0, 0))));
    world_pass(s.w, s.w->bound_us / 2);
    assert_true(follower_is_ready(s.node->follower));
    assert_true(s.peer->is_open);
    assert_status(get_me(s.w, NODE_1, &s.member), 200);
    world_close(s.w);
}

static void without_a_bus_every_request_asks_the_database(void **state) {
    struct scene s = scene_open(state);
    s.w->is_bus_silent = true;
    world_pass(s.w, MS_TO_US(600));
    s.node->is_worker_stalled = true;
    struct reply *me = get_me(s.w, NODE_1, &s.member);
    assert_false(me->is_answered); /* it waits for a worker */
    s.node->is_worker_stalled = false;
    world_pump(s.w);
    assert_status(me, 200);
    (void) committed_elsewhere(s.w, &s.member.user);
    world_pass(s.w, MS_TO_US(100));
    assert_closed(s.peer, 4401); /* polled every 50 ms */
    world_close(s.w);
}

static void both_nodes_are_waited_for(void **state) {
    struct world *w = world_open(state, 2, 1);
    const struct person boss = given_boss(w, &w->acme);
    const struct person leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    struct peer *here = connect_socket(w, NODE_1, &leaver);
    struct peer *there = connect_socket(w, NODE_2, &leaver);

    w->nodes[NODE_2].is_shard_stalled[0] = true;
    struct reply *out = deactivate(w, NODE_1, &boss, &leaver.user);
    assert_false(out->is_answered);
    w->nodes[NODE_2].is_shard_stalled[0] = false;
    world_pump(w);

    assert_status(out, 200);
    assert_closed(here, 4401);
    assert_closed(there, 4401);
    assert_status(get_me(w, NODE_2, &leaver), 401);
    world_close(w);
}

/* Two processes: what one publishes never reaches the other, and its bus cannot tell. */
static void nodes_without_a_common_bus_find_each_other_in_the_database(void **state) {
    struct world *w = world_open(state, 2, 1);
    const struct person boss = given_boss(w, &w->acme);
    const struct person leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    w->own_bus.is_local = w->is_bus_lossy = true;
    world_pass(w, w->bound_us / 2);
    struct peer *there = connect_socket(w, NODE_2, &leaver);
    struct reply *out = deactivate(w, NODE_1, &boss, &leaver.user);
    world_pass(w, w->bound_us / 8); /* less than from one beat to the next */
    assert_status(out, 200);
    assert_closed(there, 4401);
    world_close(w);
}

static void a_lost_hint_costs_time_only(void **state) {
    struct world *w = world_open(state, 2, 1);
    const struct person boss = given_boss(w, &w->acme);
    const struct person leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    struct peer *there = connect_socket(w, NODE_2, &leaver);
    w->is_bus_lossy = true;
    struct reply *out = deactivate(w, NODE_1, &boss, &leaver.user);
    world_pass(w, w->bound_us + MS_TO_US(100));
    assert_status(out, 200);
    assert_closed(there, 4401);
    world_close(w);
}

static void a_dead_instance_is_swept_after_its_lease(void **state) {
    struct world *w = world_open(state, 1, 1);
    given_ghost(w, "ghost");
    world_pass(w, w->bound_us / 2);
    assert_int_equal(nodes_listed(w), 2);
    world_pass(w, 2 * w->bound_us);
    assert_int_equal(nodes_listed(w), 1);
    world_close(w);
}

static void a_leaving_node_takes_its_row_with_it(void **state) {
    struct world *w = world_open(state, 1, 1);
    assert_int_equal(nodes_listed(w), 1);
    struct node *node = &w->nodes[NODE_1];
    while (!shard_drain(node->shards[0])) {
        world_pump(w);
    }
    while (!follower_leave(node->follower)) {
        world_pass(w, MS_TO_US(100));
    }
    assert_int_equal(nodes_listed(w), 0);
    world_close(w);
}

static void a_node_stays_listed_while_anything_of_it_is_open(void **state) {
    struct scene s = scene_open(state);
    for (int i = 0; i < 5; i++) {
        assert_false(follower_leave(s.node->follower));
        world_pass(s.w, s.w->bound_us);
    }
    assert_true(s.peer->is_open);
    assert_int_equal(nodes_listed(s.w), 1);
    while (!shard_drain(s.node->shards[0])) {
        world_pump(s.w);
    }
    assert_false(follower_leave(s.node->follower)); /* the other shard is not empty yet */
    world_pass(s.w, MS_TO_US(100));
    assert_int_equal(nodes_listed(s.w), 1);
    world_close(s.w);
}

static void a_node_leaves_without_its_database(void **state) {
    struct world *w = world_open(state, 1, 1);
    struct node *node = &w->nodes[NODE_1];
    while (!shard_drain(node->shards[0])) {
        world_pump(w);
    }
    struct db_fault fault = {.fail_at = 1};
    db_set_fault(follower_db(node->follower), &fault);
    bool has_left = follower_leave(node->follower);
    for (int64_t us = 0; us < 2 * w->bound_us && !has_left; us += MS_TO_US(50)) {
        fault.seen = 0; /* every call fails */
        world_pass(w, MS_TO_US(50));
        has_left = follower_leave(node->follower);
    }
    assert_true(has_left);
    assert_int_equal(nodes_listed(w), 1); /* the others sweep it */
    db_set_fault(follower_db(node->follower), NULL);
    world_close(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_stalled_follower_fences_its_shards_within_the_soft_limit),
        ON_BOTH(an_idle_shard_fences_itself),
        ON_BOTH(a_shard_that_stood_still_does_not_trust_what_it_held),
        ON_BOTH(a_request_in_flight_over_the_end_of_the_lease_is_refused),
        ON_BOTH(a_slow_handler_is_checked_again_and_not_run_again),
        ON_BOTH(a_node_without_its_row_joins_anew),
        ON_BOTH(a_gap_in_the_stream_drops_everything),
        ON_SQLITE(another_history_means_another_start),
        ON_SQLITE(a_commit_that_another_history_has_not_is_no_success),
        ON_BOTH(a_database_that_is_away_ends_readiness_and_comes_back),
        ON_POSTGRES(a_connection_that_is_cut_is_made_again),
        ON_BOTH(without_a_bus_every_request_asks_the_database),
        ON_POSTGRES(both_nodes_are_waited_for),
        ON_POSTGRES(nodes_without_a_common_bus_find_each_other_in_the_database),
        ON_POSTGRES(a_lost_hint_costs_time_only),
        ON_POSTGRES(a_dead_instance_is_swept_after_its_lease),
        ON_BOTH(a_leaving_node_takes_its_row_with_it),
        ON_BOTH(a_node_stays_listed_while_anything_of_it_is_open),
        ON_BOTH(a_node_leaves_without_its_database),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
