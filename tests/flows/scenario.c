#include "tests/flows/scenario.h"

#include <poll.h>
#include <string.h>

#include "gateway/node_store.h"
#include "tests/flows/world_routes.h"

/* Somebody who is in the cache of a running node, and somebody who can cut them off. */
struct cast {
    struct world *w;
    struct node *node;
    struct person boss, leaver, stays;
};

static struct cast cast_open(void **state, unsigned nodes, unsigned shards) {
    struct world *w = world_open(state, nodes, shards);
    struct cast cast = {
        .w = w,
        .node = &w->nodes[NODE_1],
        .boss = given_boss(w, &w->acme),
        .leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER),
        .stays = given_person(w, &w->acme, "stays", ROLE_MEMBER),
    };
    assert_status(get_me(w, NODE_1, &cast.leaver), 200);
    assert_status(get_me(w, NODE_1, &cast.boss), 200);
    return cast;
}

static bool is_accepted(struct cast *cast) {
    struct reply *reply = get_me(cast->w, NODE_1, &cast->leaver);
    return reply->is_answered && reply->status == 200;
}

/* 1: a check read before the commit is used after the drop. */
static bool fill_across_apply(void **state) {
    struct world *w = world_open(state, 1, 1);
    struct cast cast = {.w = w, .node = &w->nodes[NODE_1], .boss = given_boss(w, &w->acme)};
    cast.leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    cast.node->is_shard_stalled[0] = true;
    (void) get_me(w, NODE_1, &cast.leaver);
    (void) committed_elsewhere(w, &cast.leaver.user);
    fake_clock_advance(&w->fixture->time, MS_TO_US(600));
    world_pump(w);
    cast.node->is_shard_stalled[0] = false;
    world_pump(w);
    const bool is_kept = !is_accepted(&cast);
    world_close(w);
    return is_kept;
}

/* 2: a connection is registered by what was known before, and the cut could not find it. */
static bool open_across_apply(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    const struct person second = signed_in(cast.w, &cast.leaver.user); /* not in the cache */
    cast.node->is_shard_stalled[0] = true;
    struct reply *opening = connect_begin(cast.w, NODE_1, 0, &second);
    world_pump(cast.w);
    (void) committed_elsewhere(cast.w, &cast.leaver.user);
    fake_clock_advance(&cast.w->fixture->time, MS_TO_US(600));
    world_pump(cast.w);
    cast.node->is_shard_stalled[0] = false;
    world_pump(cast.w);
    const bool is_kept = opening->peer->socket == NULL;
    world_close(cast.w);
    return is_kept;
}

/* 3: the reply of a beat comes late, with an old snapshot. */
static struct user late_leaver;

static void commit_while_the_reply_is_late(struct node *node) {
    (void) committed_elsewhere(node->world, &late_leaver);
    world_jump(node->world, MS_TO_US(700), MS_TO_US(700)); /* the old lease still stands */
    static struct db_fault nothing_after;
    nothing_after = (struct db_fault){.fail_at = 1};
    db_set_fault(follower_db(node->follower), &nothing_after);
}

static bool late_reply(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    late_leaver = cast.leaver.user;
    cast.node->at_reading = commit_while_the_reply_is_late;
    fake_clock_advance(&cast.w->fixture->time, MS_TO_US(500)); /* a beat is due */
    cast.node->readings_until = 2;                             /* sent at the first */
    follower_pump(cast.node);
    while (cast.node->follower_wait.fd >= 0 && cast.node->readings_until != 0) {
        follower_pump(cast.node); /* PostgreSQL had not answered yet */
    }
    cast.node->is_follower_stalled = true;
    db_set_fault(follower_db(cast.node->follower), NULL);
    world_pass(cast.w, cast.w->bound_us - MS_TO_US(650)); /* a bound since the commit */
    const bool is_kept = !is_accepted(&cast);
    world_close(cast.w);
    return is_kept;
}

/* 4: the heads renew the lease before their rows are applied. */
static bool heads_without_rows(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    struct world *w = cast.w;
    cast.node->is_follower_stalled = true;
    (void) committed_elsewhere(w, &cast.leaver.user);
    world_pass(w, w->bound_us * 45 / 100);
    cast.node->is_follower_stalled = false;
    struct db_fault fault = {.fail_at = 2}; /* the beat passes, the pages do not come */
    db_set_fault(follower_db(cast.node->follower), &fault);
    world_pump(w);
    cast.node->is_follower_stalled = true;
    db_set_fault(follower_db(cast.node->follower), NULL);
    world_pass(w, w->bound_us * 60 / 100); /* more than a bound since the commit */
    const bool is_kept = !is_accepted(&cast);
    world_close(w);
    return is_kept;
}

/* 5: acknowledged after one of two shards. */
static bool one_of_two_shards(void **state) {
    struct cast cast = cast_open(state, 1, 2);
    struct reply *there = connect_begin(cast.w, NODE_1, 1, &cast.leaver);
    world_pump(cast.w);
    cast.node->is_shard_stalled[1] = true;
    struct reply *out = deactivate(cast.w, NODE_1, &cast.boss, &cast.leaver.user);
    const bool is_kept = !(out->is_answered && there->peer->is_open);
    world_close(cast.w);
    return is_kept;
}

/* 26: the position is taken from the head while there are more pages. */
static void given_revocations(struct world *w, struct str org_id, int count) {
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(w->scope, w->d->db, LANE_NORMAL, &tx));
    for (int i = 0; i < count; i++) {
        struct revocation row = {
            .org_id = org_id,
            .kind = REVOKED_SESSION,
            .subject = str_format(w->scope->arena, "session-%d", i),
            .reason = STR("session.revoked"),
            .origin = STR("elsewhere"),
        };
        assert_ok(revocation_append(w->scope, tx, &row));
    }
    assert_ok(tx_commit(w->scope, tx));
}

static bool position_ahead_of_the_pages(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    given_revocations(cast.w, cast.leaver.user.org_id, REVOCATION_PAGE + 10);
    struct reply *out = deactivate(cast.w, NODE_1, &cast.boss, &cast.leaver.user);
    const bool is_kept = !(out->is_answered && out->status == 200 && is_accepted(&cast));
    world_close(cast.w);
    return is_kept;
}

/* 6: the wait is measured from the request, and the commit was slow. */
static struct world *slow_world;

static void commit_slowly(void) {
    world_jump(slow_world, slow_world->bound_us * 6 / 10, slow_world->bound_us * 6 / 10);
}

static bool slow_commit(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    struct world *w = cast.w;
    given_ghost(w, "ghost"); /* whose lease may be as old as the bound */
    slow_world = w;
    world_before_commit = commit_slowly;
    struct reply *out = ask(w, NODE_1,
                            &(struct ask){.who = &cast.boss,
                                          .method = HTTP_POST,
                                          .path = "/users/%s/slow",
                                          .arg = cast.leaver.user.id});
    world_before_commit = NULL;
    world_pass(w, w->bound_us / 2);
    const bool is_early = out->is_answered && out->status == 200;
    world_close(w);
    return !is_early;
}

/* 7: "already out" is answered at once. */
static bool repeated_call(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    cast.node->is_follower_stalled = true;
    (void) committed_elsewhere(cast.w, &cast.leaver.user);
    struct reply *again = deactivate(cast.w, NODE_1, &cast.boss, &cast.leaver.user);
    const bool is_kept = !(again->is_answered && again->status == 200 && is_accepted(&cast));
    world_close(cast.w);
    return is_kept;
}

/* 8: the list of instances is from before the commit. A second node joins, and learns of the
 * leaver's session, between the read of the first and the commit. */
static struct cast *joining_cast;
static struct reply *joining_reply;

static void second_node_joins(struct node *node) {
    struct world *w = node->world;
    node->is_follower_stalled = node->is_worker_stalled = node->is_shard_stalled[0] = true;
    node_start(w, NODE_2, 1);
    world_pump(w);
    assert_status(get_me(w, NODE_2, &joining_cast->leaver), 200);
    w->nodes[NODE_2].is_follower_stalled = true;
    node->is_follower_stalled = node->is_worker_stalled = node->is_shard_stalled[0] = false;
    worker_pump(node); /* commits, and leaves the barrier with the follower */
}

static bool list_from_before_the_commit(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    struct world *w = cast.w;
    joining_cast = &cast;
    cast.node->is_worker_stalled = true;
    joining_reply = deactivate_begin(w, NODE_1, &cast.boss, &cast.leaver.user);
    cast.node->is_worker_stalled = false;
    cast.node->at_reading = second_node_joins;
    fake_clock_advance(&w->fixture->time, MS_TO_US(500));
    cast.node->readings_until = 2;
    follower_pump(cast.node);
    while (cast.node->readings_until != 0) {
        follower_pump(cast.node);
    }
    world_pump(w);
    struct reply *there = get_me(w, NODE_2, &cast.leaver);
    const bool is_kept =
        !(joining_reply->is_answered && joining_reply->status == 200 && there->status == 200);
    world_close(w);
    return is_kept;
}

/* 9: a node whose row was swept goes on. */
static const struct statement SWEEP_ALL = {"test.sweep", INSTALLATION,
                                           "DELETE FROM node WHERE instance <> $1", NULL};

static bool own_row_gone(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    given_row(cast.w->d, &SWEEP_ALL, VALUES(value_text(STR("nobody"))));
    fake_clock_advance(&cast.w->fixture->time, MS_TO_US(500));
    world_pump(cast.w);
    const bool is_kept = nodes_listed(cast.w) == 1 || !shard_is_trusted(cast.node->shards[0]);
    world_close(cast.w);
    return is_kept;
}

/* 10: a node that is told to leave takes itself off the list while its sockets are open, and stands
 * still. */
static bool leaves_before_it_is_empty(void **state) {
    struct cast cast = cast_open(state, 2, 1);
    struct world *w = cast.w;
    struct node *leaving = &w->nodes[NODE_2];
    const struct peer *open = connect_socket(w, NODE_2, &cast.leaver);
    (void) follower_leave(leaving->follower);
    follower_pump(leaving);
    world_pump(w);
    leaving->is_follower_stalled = leaving->is_shard_stalled[0] = true;
    struct reply *out = deactivate(w, NODE_1, &cast.boss, &cast.leaver.user);
    const bool is_kept = !(out->is_answered && open->is_open);
    world_close(w);
    return is_kept;
}

/* 15: events are delivered without looking at the revocations before them. */
static bool message_after_the_revocation(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    struct peer *leaving = connect_socket(cast.w, NODE_1, &cast.leaver);
    (void) committed_elsewhere(cast.w, &cast.leaver.user);
    said_elsewhere(cast.w, &cast.stays.user, "after the revocation");
    follower_hint(cast.node->follower, cast.leaver.user.org_id);
    world_pump(cast.w);
    const bool is_kept = !peer_has(leaving, "after the revocation");
    world_close(cast.w);
    return is_kept;
}

/* 16: half a frame is with the kernel; an orderly close would let it arrive. */
static bool half_sent_frame(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    struct peer *slow = connect_socket(cast.w, NODE_1, &cast.leaver);
    slow->room = 10;
    assert_status(say(cast.w, NODE_1, &cast.stays, "more than ten bytes"), 201);
    assert_true(slow->socket->first_sent == 10);
    struct reply *out = deactivate(cast.w, NODE_1, &cast.boss, &cast.leaver.user);
    assert_status(out, 200);
    const bool is_kept = !slow->is_open && slow->close_code == CLOSED_RESET;
    world_close(cast.w);
    return is_kept;
}

/* 17: nobody looks at the lease. */
static bool lease_runs_out(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    cast.node->is_follower_stalled = true;
    (void) committed_elsewhere(cast.w, &cast.leaver.user);
    world_pass(cast.w, cast.w->bound_us);
    const bool is_kept = !is_accepted(&cast);
    world_close(cast.w);
    return is_kept;
}

/* 19: an acknowledgement from another history of the database. */
static bool acknowledged_in_another_history(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    struct world *w = cast.w;
    given_ghost(w, "ghost");
    struct bus_message message = {
        .kind = BUS_APPLIED, .instance = STR("ghost"), .generation = STR("of before")};
    for (size_t i = 0; i < BUS_PARTITIONS; i++) {
        message.positions[i] = 1000;
    }
    w->own_bus.publish(&w->own_bus, &message);
    struct reply *out = deactivate(w, NODE_1, &cast.boss, &cast.leaver.user);
    const bool is_kept = !out->is_answered;
    world_close(w);
    return is_kept;
}

/* 20: reads go on, but no beat commits any more: a deposed primary. Another transaction holds our
 * row. */
static bool only_reads_go_on(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    struct world *w = cast.w;
    static const struct statement HOLD = {"test.hold", INSTALLATION,
                                          "UPDATE node SET beat = beat WHERE instance <> $1", NULL};
    struct db *holder = database_connect(w->d);
    struct tx *tx = NULL;
    assert_ok(tx_begin(w->scope, holder, LANE_NORMAL, &tx));
    assert_ok(tx_run(w->scope, tx, &HOLD, VALUES(value_text(STR("nobody"))), NULL));
    w->is_bus_silent = true; /* polls between the beats */
    bool is_kept = true;
    for (int i = 0; i < 40; i++) {
        fake_clock_advance(&w->fixture->time, MS_TO_US(100));
        for (int j = 0; j < 5; j++) {
            follower_pump(cast.node);
            shard_pump(cast.node, 0);
            struct pollfd waits = {cast.node->follower_wait.fd, cast.node->follower_wait.events, 0};
            (void) poll(&waits, 1, 2);
        }
    }
    is_kept = !shard_is_trusted(cast.node->shards[0]);
    tx_end(&tx);
    db_close(&holder);
    world_close(w);
    return is_kept;
}

/* 21: more revocations than the ring holds, among them the one that counts. */
static bool ring_overrun(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    const struct person second = signed_in(cast.w, &cast.leaver.user);
    struct world *w = cast.w;
    struct node *node = cast.node;
    struct ask look = {.who = &second, .method = HTTP_GET, .path = "/look"};
    struct reply *reply = ask_begin(w, NODE_1, &look);
    worker_pump(node);
    /* The shard takes the rows, its lane of control goes first; the result waits behind. */
    (void) committed_elsewhere(w, &cast.leaver.user);
    given_revocations(w, cast.leaver.user.org_id, 4096);
    node->is_shard_stalled[0] = true;
    fake_clock_advance(&w->fixture->time, MS_TO_US(500));
    world_pump(w);
    node->is_shard_stalled[0] = false;
    world_pump(w);
    const bool is_kept = !(reply->is_answered && reply->status == 200);
    world_close(w);
    return is_kept;
}

/* 22: what comes back from a worker is answered as it is. */
static bool answer_in_flight(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    cast.node->is_shard_stalled[0] = true;
    struct reply *look = ask(
        cast.w, NODE_1, &(struct ask){.who = &cast.leaver, .method = HTTP_GET, .path = "/look"});
    (void) committed_elsewhere(cast.w, &cast.leaver.user);
    fake_clock_advance(&cast.w->fixture->time, MS_TO_US(600));
    world_pump(cast.w);
    cast.node->is_shard_stalled[0] = false;
    world_pump(cast.w);
    const bool is_kept = look->status != 200;
    world_close(cast.w);
    return is_kept;
}

/* 24: a ticket from before a fence. The node joins anew behind the revocation, so the ring never
 * hears of it. */
static bool ticket_across_a_fence(void **state) {
    struct cast cast = cast_open(state, 1, 1);
    const struct person second = signed_in(cast.w, &cast.leaver.user);
    cast.node->is_worker_stalled = true;
    struct reply *me = get_me(cast.w, NODE_1, &second);
    worker_pump(cast.node); /* good; in the shard's mailbox */
    cast.node->is_shard_stalled[0] = true;
    (void) committed_elsewhere(cast.w, &cast.leaver.user);
    given_row(cast.w->d, &SWEEP_ALL, VALUES(value_text(STR("nobody"))));
    fake_clock_advance(&cast.w->fixture->time, MS_TO_US(500));
    world_pump(cast.w);
    cast.node->is_shard_stalled[0] = cast.node->is_worker_stalled = false;
    world_pump(cast.w);
    const bool is_kept = me->status != 200;
    world_close(cast.w);
    return is_kept;
}

const struct scenario SCENARIOS[] = {
    {"fill across apply", 1, false, fill_across_apply},
    {"open across apply", 2, false, open_across_apply},
    {"late reply", 3, false, late_reply},
    {"heads without rows", 4, false, heads_without_rows},
    {"one of two shards", 5, false, one_of_two_shards},
    {"position ahead of the pages", 26, false, position_ahead_of_the_pages},
    {"slow commit", 6, false, slow_commit},
    {"repeated call", 7, false, repeated_call},
    {"list from before the commit", 8, true, list_from_before_the_commit},
    {"own row gone", 9, false, own_row_gone},
    {"leaves before it is empty", 10, true, leaves_before_it_is_empty},
    {"message after the revocation", 15, false, message_after_the_revocation},
    {"half-sent frame", 16, false, half_sent_frame},
    {"lease runs out", 17, false, lease_runs_out},
    {"acknowledged in another history", 19, false, acknowledged_in_another_history},
    {"only reads go on", 20, true, only_reads_go_on},
    {"ring overrun", 21, false, ring_overrun},
    {"answer in flight", 22, false, answer_in_flight},
    {"ticket across a fence", 24, false, ticket_across_a_fence},
};
const size_t SCENARIO_COUNT = sizeof SCENARIOS / sizeof SCENARIOS[0];
