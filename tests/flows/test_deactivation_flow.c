/* "U is out" was answered with 2xx: from then on nothing of U is accepted, delivered or open. */
#include "tests/flows/world.h"

#include "messaging/receipt.h"
#include "tests/flows/flow_main.h"
#include "tests/flows/world_routes.h"

/* What every shape of deactivation has to keep. */
struct story {
    struct world *w;
    struct person boss, leaver, stays, foreigner;
    struct str leaver_token;
};

static struct story story_open(void **state, unsigned shards) {
    struct world *w = world_open(state, 1, shards);
    struct story story = {
        .w = w,
        .boss = given_boss(w, &w->acme),
        .leaver = given_person(w, &w->acme, "leaver", ROLE_ADMIN),
        .stays = given_person(w, &w->acme, "stays", ROLE_MEMBER),
        .foreigner = given_person(w, &w->other, "leaver", ROLE_MEMBER),
    };
    story.leaver_token = given_token(w, CREDENTIAL_ADMIN_TOKEN, &story.leaver.user);
    return story;
}

static struct reply *use_token(struct world *w, struct str bearer) {
    return ask(w, NODE_1, &(struct ask){.bearer = bearer, .method = HTTP_GET, .path = "/admin/me"});
}

static void a_cached_session_is_dead_before_the_answer(void **state) {
    struct story s = story_open(state, 1);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 200);
    s.w->nodes[NODE_1].is_worker_stalled = true;
    assert_status(get_me(s.w, NODE_1, &s.leaver), 200); /* from the cache: no worker ran */
    s.w->nodes[NODE_1].is_worker_stalled = false;

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_status(get_me(s.w, NODE_1, &s.stays), 200);
    assert_status(get_me(s.w, NODE_1, &s.foreigner), 200);
    world_close(s.w);
}

static void a_cached_api_token_is_dead_before_the_answer(void **state) {
    struct story s = story_open(state, 1);
    assert_status(use_token(s.w, s.leaver_token), 200);

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_status(use_token(s.w, s.leaver_token), 401);
    world_close(s.w);
}

static void open_sockets_on_all_shards_are_closed_before_the_answer(void **state) {
    struct story s = story_open(state, 2);
    struct peer *here = connect_socket(s.w, NODE_1, &s.leaver);
    struct reply *there = connect_begin(s.w, NODE_1, 1, &s.leaver);
    struct peer *other = connect_socket(s.w, NODE_1, &s.stays);
    struct peer *foreign = connect_socket(s.w, NODE_1, &s.foreigner);
    world_pump(s.w);
    assert_true(there->peer->is_open);

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_closed(here, 4401);
    assert_string_equal(here->close_reason, "user.deactivated");
    assert_closed(there->peer, 4401);
    assert_true(other->is_open);
    assert_true(peer_has(other, "user.deactivated"));
    assert_true(foreign->is_open);
    assert_false(peer_has(foreign, "user.deactivated"));
    world_close(s.w);
}

static void a_directory_deactivates_as_an_administrator_does(void **state) {
    struct story s = story_open(state, 1);
    const struct str bearer = given_token(s.w, CREDENTIAL_SCIM_TOKEN, &s.boss.user);
    struct peer *peer = connect_socket(s.w, NODE_1, &s.leaver);

    assert_status(scim_deactivate(s.w, NODE_1, bearer, &s.leaver.user), 200);

    assert_closed(peer, 4401);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_status(use_token(s.w, s.leaver_token), 401);
    world_close(s.w);
}

static void a_socket_that_opens_between_check_and_register_stays_closed(void **state) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    struct reply *opening = connect_begin(s.w, NODE_1, 0, &s.leaver);
    node->is_shard_stalled[0] = true;
    world_pump(s.w); /* the worker has found the session good; the shard has not read that yet */
    const struct revoked revoked = committed_elsewhere(s.w, &s.leaver.user);
    follower_hint(node->follower, revoked.org_id);
    world_pass(s.w, MS_TO_US(600));
    node->is_shard_stalled[0] = false;
    world_pump(s.w);

    assert_status(opening, 401);
    assert_null(opening->peer->socket);
    assert_int_equal(shard_socket_count(node->shards[0]), 0);
    world_close(s.w);
}

static void a_socket_between_its_101_and_its_adoption_is_cut(void **state) {
    struct story s = story_open(state, 1);
    s.w->nodes[NODE_1].is_adoption_stalled = true;
    struct reply *opening = connect_begin(s.w, NODE_1, 0, &s.leaver);
    world_pump(s.w);
    assert_int_equal(shard_socket_count(s.w->nodes[NODE_1].shards[0]), 1);

    struct reply *out = deactivate(s.w, NODE_1, &s.boss, &s.leaver.user);

    assert_status(out, 200);
    assert_false(opening->peer->is_open);
    s.w->nodes[NODE_1].is_adoption_stalled = false;
    world_pump(s.w);
    assert_int_equal(opening->peer->frame_count, 0);
    world_close(s.w);
}

static void a_request_in_flight_at_a_worker_is_not_answered_any_more(void **state) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    assert_status(get_me(s.w, NODE_1, &s.leaver), 200);
    node->is_shard_stalled[0] = true;
    struct reply *look =
        ask(s.w, NODE_1, &(struct ask){.who = &s.leaver, .method = HTTP_GET, .path = "/look"});
    /* The handler has read with the leaver's rights, its result lies in the mailbox. */
    (void) committed_elsewhere(s.w, &s.leaver.user);
    world_pass(s.w, MS_TO_US(600));
    node->is_shard_stalled[0] = false;
    world_pump(s.w);

    assert_status(look, 401);
    assert_int_equal(str_find(look->body, STR("leaver")), -1);
    world_close(s.w);
}

static void a_write_in_flight_is_rolled_back(void **state) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    struct peer *peer = connect_socket(s.w, NODE_1, &s.stays);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 200);
    node->is_worker_stalled = true;
    struct reply *late = say(s.w, NODE_1, &s.leaver, "from beyond");
    (void) committed_elsewhere(s.w, &s.leaver.user);
    node->is_worker_stalled = false;
    world_pass(s.w, MS_TO_US(600));

    assert_status(late, 401);
    assert_false(peer_has(peer, "from beyond"));
    world_close(s.w);
}

static void queued_frames_are_dropped_with_the_socket(void **state) {
    struct story s = story_open(state, 1);
    struct peer *slow = connect_socket(s.w, NODE_1, &s.leaver);
    slow->room = 0;
    assert_status(say(s.w, NODE_1, &s.stays, "queued"), 201);

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_closed(slow, 4401);
    assert_false(peer_has(slow, "queued"));
    world_close(s.w);
}

static void a_half_sent_frame_is_never_finished(void **state) {
    struct story s = story_open(state, 1);
    struct peer *slow = connect_socket(s.w, NODE_1, &s.leaver);
    slow->room = 20;
    assert_status(say(s.w, NODE_1, &s.stays, "half of this was sent"), 201);

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_closed(slow, CLOSED_RESET);
    assert_false(peer_has(slow, "half of this"));
    world_close(s.w);
}

static void bytes_that_wait_in_the_kernel_are_reset(void **state) {
    struct story s = story_open(state, 1);
    struct peer *slow = connect_socket(s.w, NODE_1, &s.leaver);
    slow->has_unsent = true;

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_closed(slow, CLOSED_RESET);
    world_close(s.w);
}

static void a_message_committed_after_the_revocation_never_reaches_the_leaver(void **state) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    struct peer *leaving = connect_socket(s.w, NODE_1, &s.leaver);
    struct peer *staying = connect_socket(s.w, NODE_1, &s.stays);
    (void) committed_elsewhere(s.w, &s.leaver.user);
    said_elsewhere(s.w, &s.stays.user, "after the revocation");
    follower_hint(node->follower, s.leaver.user.org_id); /* events are read, the heads are not */
    world_pump(s.w);
    assert_false(peer_has(leaving, "after the revocation"));

    world_pass(s.w, MS_TO_US(600));

    assert_closed(leaving, 4401);
    assert_false(peer_has(leaving, "after the revocation"));
    assert_true(peer_has(staying, "after the revocation"));
    world_close(s.w);
}

static void reactivation_revives_no_credential(void **state) {
    struct story s = story_open(state, 1);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 200);
    assert_status(use_token(s.w, s.leaver_token), 200);
    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_status(reactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_status(use_token(s.w, s.leaver_token), 401);
    const struct user back = reloaded(s.w->d, &s.leaver.user);
    const struct person again = signed_in(s.w, &back);
    assert_status(get_me(s.w, NODE_1, &again), 200);
    world_close(s.w);
}

static void an_old_revocation_spares_the_new_epoch(void **state) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    node->is_follower_stalled = true;
    (void) committed_elsewhere(s.w, &s.leaver.user);
    assert_status(reactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);
    const struct user back = reloaded(s.w->d, &s.leaver.user);
    const struct person again = signed_in(s.w, &back);
    struct reply *opening = connect_begin(s.w, NODE_1, 0, &again);
    worker_pump(node);
    node->is_follower_stalled = false;
    world_pass(s.w, MS_TO_US(600));

    assert_status(opening, 101);
    assert_true(opening->peer->is_open);
    assert_status(get_me(s.w, NODE_1, &again), 200);
    world_close(s.w);
}

static void who_deactivates_themselves_learns_that_it_worked(void **state) {
    struct story s = story_open(state, 1);
    struct reply *out = deactivate(s.w, NODE_1, &s.leaver, &s.leaver.user);
    assert_status(out, 200);
    assert_int_equal(out->body.len, 0); /* the bare status */
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    world_close(s.w);
}

static void signing_out_ends_this_session_and_no_other(void **state) {
    struct story s = story_open(state, 1);
    const struct person second = signed_in(s.w, &s.leaver.user);
    struct peer *first_socket = connect_socket(s.w, NODE_1, &s.leaver);
    struct peer *second_socket = connect_socket(s.w, NODE_1, &second);

    struct reply *out = ask(
        s.w, NODE_1, &(struct ask){.who = &s.leaver, .method = HTTP_DELETE, .path = "/session"});

    assert_status(out, 200);
    assert_str(out->body, "{\"redirect\":null}");
    assert_closed(first_socket, 4401);
    assert_string_equal(first_socket->close_reason, "session.revoked");
    assert_true(second_socket->is_open);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_status(get_me(s.w, NODE_1, &second), 200);
    world_close(s.w);
}

static void the_receipt_says_who_acknowledged_and_what_was_closed(void **state) {
    struct story s = story_open(state, 1);
    (void) connect_socket(s.w, NODE_1, &s.leaver);
    (void) connect_socket(s.w, NODE_1, &s.leaver);

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    struct receipt_list list;
    assert_ok(receipt_list(s.w->scope, s.w->d->db, s.leaver.user.org_id, s.leaver.user.id, 10,
                           STR(""), &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.receipts[0].sockets, 2);
    assert_true(list.receipts[0].answered_us > 0);
    assert_true(str_find(list.receipts[0].nodes, follower_instance(s.w->nodes[NODE_1].follower)) >
                0);
    assert_int_equal(metric_value(s.w->nodes[NODE_1].metrics, METRIC_REVOCATION, REVOCATION_ANSWER),
                     1);
    world_close(s.w);
}

/* The answer is 2xx, or the call has failed and can be made again: never "out" with something of
 * the leaver alive. */
static void check_after_fault(struct story *s, const struct person *leaver, struct reply *reply) {
    if (reply->status == 200) {
        assert_status(get_me(s->w, NODE_1, leaver), 401);
        return;
    }
    assert_true(reply->status >= 500);
    const struct user now = reloaded(s->w->d, &leaver->user);
    assert_true(now.state == USER_ACTIVE || now.state == USER_DEACTIVATED);
    assert_status(deactivate(s->w, NODE_1, &s->boss, &leaver->user), 200);
    assert_status(get_me(s->w, NODE_1, leaver), 401);
}

static void a_fault_at_any_database_call(void **state, bool is_after) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    assert_status(get_me(s.w, NODE_1, &s.boss), 200);
    bool has_passed = false;
    for (int n = 1; !has_passed; n++) {
        assert_true(n < 60);
        const struct str name = str_format(s.w->scope->arena, "leaver-%d", n);
        const struct person leaver = given_person(s.w, &s.w->acme, name.at, ROLE_MEMBER);
        assert_status(get_me(s.w, NODE_1, &leaver), 200);
        struct db_fault fault = {.fail_at = n, .is_after = is_after};
        db_set_fault(worker_db(node->worker), &fault);
        struct reply *reply = deactivate(s.w, NODE_1, &s.boss, &leaver.user);
        db_set_fault(worker_db(node->worker), NULL);
        has_passed = fault.seen < n;
        check_after_fault(&s, &leaver, reply);
    }
    world_close(s.w);
}

static void a_failing_database_call_never_makes_the_answer_untrue(void **state) {
    a_fault_at_any_database_call(state, false);
}

static void an_uncertain_commit_is_no_success(void **state) {
    a_fault_at_any_database_call(state, true);
}

static void the_wall_clock_may_jump(void **state) {
    static const int64_t HOUR_US = S_TO_US(3600);
    struct story s = story_open(state, 1);
    struct peer *peer = connect_socket(s.w, NODE_1, &s.leaver);
    world_jump(s.w, 0, HOUR_US);
    world_pump(s.w);
    assert_status(get_me(s.w, NODE_1, &s.stays), 200);
    world_jump(s.w, 0, -2 * HOUR_US);
    world_pass(s.w, s.w->bound_us);
    assert_status(get_me(s.w, NODE_1, &s.stays), 200);
    assert_true(peer->is_open);

    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);

    assert_closed(peer, 4401);
    world_close(s.w);
}

static void a_repeated_call_waits_for_the_spread_of_the_first(void **state) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    assert_status(get_me(s.w, NODE_1, &s.leaver), 200);
    node->is_follower_stalled = true;
    (void) committed_elsewhere(s.w, &s.leaver.user); /* who died before telling anybody */

    struct reply *again = deactivate(s.w, NODE_1, &s.boss, &s.leaver.user);
    assert_false(again->is_answered);
    node->is_follower_stalled = false;
    world_pump(s.w);

    assert_status(again, 200);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    world_close(s.w);
}

static void a_silent_instance_delays_the_answer_by_one_bound_and_no_more(void **state) {
    struct story s = story_open(state, 1);
    struct node *node = &s.w->nodes[NODE_1];
    assert_status(get_me(s.w, NODE_1, &s.boss), 200);
    given_ghost(s.w, "ghost");
    struct reply *out = deactivate(s.w, NODE_1, &s.boss, &s.leaver.user);
    assert_false(out->is_answered);
    world_pass(s.w, s.w->bound_us - MS_TO_US(50));
    assert_false(out->is_answered);
    world_pass(s.w, MS_TO_US(50));

    assert_status(out, 200);
    assert_int_equal(metric_value(node->metrics, METRIC_REVOCATION_LATE, 0), 1);
    world_close(s.w);
}

static void acknowledgements_may_be_doubled(void **state) {
    struct story s = story_open(state, 1);
    s.w->is_bus_doubling = true;
    struct peer *peer = connect_socket(s.w, NODE_1, &s.leaver);
    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);
    assert_closed(peer, 4401);
    world_close(s.w);
}

static void a_command_line_sees_in_the_node_row_that_it_is_done(void **state) {
    struct story s = story_open(state, 1);
    struct peer *peer = connect_socket(s.w, NODE_1, &s.leaver);
    const struct messaging shell = {.registry = &s.w->registry}; /* no instance, no bus */
    const struct state_change change = change_of(s.w->d, &s.leaver.user, SOURCE_OPERATOR);
    struct revoked revoked;
    assert_ok(user_deactivate(s.w->scope, &shell, s.w->d->db, &change, &revoked));

    world_pass(s.w, MS_TO_US(600));

    assert_closed(peer, 4401);
    const struct statement applied = {"test.applied", INSTALLATION, "SELECT applied FROM node",
                                      NULL};
    struct rows rows;
    assert_ok(db_run(s.w->scope, s.w->d->db, &applied, NO_VALUES, &rows));
    int64_t positions[REVOCATION_PARTITIONS];
    assert_true(node_positions_read(s.w->scope, rows_text(&rows, 0, 0), positions));
    assert_true(positions[revoked.partition] >= revoked.seq);
    world_close(s.w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_cached_session_is_dead_before_the_answer),
        ON_BOTH(a_cached_api_token_is_dead_before_the_answer),
        ON_BOTH(open_sockets_on_all_shards_are_closed_before_the_answer),
        ON_BOTH(a_directory_deactivates_as_an_administrator_does),
        ON_BOTH(a_socket_that_opens_between_check_and_register_stays_closed),
        ON_BOTH(a_socket_between_its_101_and_its_adoption_is_cut),
        ON_BOTH(a_request_in_flight_at_a_worker_is_not_answered_any_more),
        ON_BOTH(a_write_in_flight_is_rolled_back),
        ON_BOTH(queued_frames_are_dropped_with_the_socket),
        ON_BOTH(a_half_sent_frame_is_never_finished),
        ON_BOTH(bytes_that_wait_in_the_kernel_are_reset),
        ON_BOTH(a_message_committed_after_the_revocation_never_reaches_the_leaver),
        ON_BOTH(reactivation_revives_no_credential),
        ON_BOTH(an_old_revocation_spares_the_new_epoch),
        ON_BOTH(who_deactivates_themselves_learns_that_it_worked),
        ON_BOTH(signing_out_ends_this_session_and_no_other),
        ON_BOTH(the_receipt_says_who_acknowledged_and_what_was_closed),
        ON_BOTH(a_failing_database_call_never_makes_the_answer_untrue),
        ON_BOTH(an_uncertain_commit_is_no_success),
        ON_BOTH(the_wall_clock_may_jump),
        ON_BOTH(a_repeated_call_waits_for_the_spread_of_the_first),
        ON_BOTH(a_silent_instance_delays_the_answer_by_one_bound_and_no_more),
        ON_BOTH(acknowledgements_may_be_doubled),
        ON_BOTH(a_command_line_sees_in_the_node_row_that_it_is_done),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
