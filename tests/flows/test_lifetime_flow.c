/* What ends while something else still points at it. The sanitizers judge; elsewhere the freed
 * memory is seen to be used. */
#include "gateway/follower_internal.h"
#include "tests/flows/world.h"

#include <poll.h>

#include "gateway/shard_internal.h"
#include "tests/flows/flow_main.h"

/* Called before the follower looks into its mailbox and goes on with its call. */
static struct peer *last_peer;

static void everybody_leaves_during_the_call(struct node *node) {
    const struct follower *follower = node->follower;
    if (follower->at.call == NULL || follower->at.kind != CALL_EVENTS) {
        node->readings_until = 1;
        return;
    }
    struct shard *shard = node->shards[0];
    follower_hint(node->follower, last_peer->socket->org->id); /* again after the call */
    shard_pump(node, 0);                                       /* a letter comes back */
    shard_socket_gone(shard, last_peer->socket);               /* nobody watches any more */
    last_peer->socket = NULL;
    last_peer->is_open = false;
    shard_pump(node, 0);
}

static void a_stream_that_nobody_wants_any_more_is_freed_once(void **state) {
    struct world *w = world_open(state, 1, 1);
    struct node *node = &w->nodes[NODE_1];
    const struct person ann = given_person(w, &w->acme, "ann", ROLE_MEMBER);
    last_peer = connect_socket(w, NODE_1, &ann);
    node->is_shard_stalled[0] = true;
    said_elsewhere(w, &ann.user, "first");
    follower_hint(node->follower, ann.user.org_id);
    world_pump(w); /* its letter is at the shard */
    said_elsewhere(w, &ann.user, "second");
    follower_hint(node->follower, ann.user.org_id);
    node->at_reading = everybody_leaves_during_the_call;
    node->readings_until = 1;
    world_pump(w);
    assert_int_equal(node->readings_until, 0); /* the moment came */
    assert_null(last_peer->socket);
    node->is_shard_stalled[0] = false;
    world_pump(w);
    assert_null(node->follower->dirty_first);
    assert_status(get_me(w, NODE_1, &ann), 200);
    world_close(w);
}

static void the_follower_runs_inside_the_cut(struct transport *transport,
                                             struct live_socket *socket, uint16_t code,
                                             struct str reason) {
    struct world_transport *own = (struct world_transport *) (void *) transport;
    (void) reason;
    struct peer *peer = socket->io;
    socket->io = NULL;
    peer->is_open = false;
    peer->socket = NULL;
    peer->close_code = code;
    follower_pump(own->node); /* takes the letter back: its batch is freed */
}

/* A direct message for somebody who does not read cuts their socket, the last of the organisation
 * here, in the middle of the fan-out. */
static void an_event_may_go_with_the_last_socket_of_its_audience(void **state) {
    struct world *w = world_open(state, 1, 1);
    struct node *node = &w->nodes[NODE_1];
    const struct person ann = given_person(w, &w->acme, "ann", ROLE_MEMBER);
    const struct person bob = given_person(w, &w->acme, "bob", ROLE_MEMBER);
    struct peer *slow = connect_socket(w, NODE_1, &bob);
    slow->room = 0;
    for (int i = 0; i < SOCKET_MAX_FRAMES; i++) {
        assert_status(say(w, NODE_1, &ann, "more"), 201);
    }
    assert_int_equal(slow->socket->queue_count, SOCKET_MAX_FRAMES);
    node->transports[0].transport.socket_cut = the_follower_runs_inside_the_cut;
    said_directly(w, &ann.user, &bob.user, "one too many");
    follower_hint(node->follower, ann.user.org_id);
    world_pump(w);
    assert_closed(slow, 4409);
    assert_int_equal(shard_socket_count(node->shards[0]), 0);
    world_close(w);
}

static struct tx *lock_tx;
static struct db *lock_db;

/* Until the table is locked every second call fails at its begin, so that there is a moment between
 * two calls at which only the question is left to ask. */
static void hold_the_question_back(struct node *node) {
    static const struct statement LOCK = {"test.lock", INSTALLATION,
                                          "LOCK TABLE revocation IN ACCESS EXCLUSIVE MODE", NULL};
    static struct db_fault next_call;
    struct follower *follower = node->follower;
    struct world *w = node->world;
    const int64_t end_us = barriers_next_us(follower->barriers);
    if (follower->at.call != NULL) {
        next_call = (struct db_fault){.fail_at = 1};
        db_set_fault(follower->db, &next_call);
        return;
    }
    if (follower->db != NULL) {
        db_set_fault(follower->db, NULL);
    }
    world_jump(w, MS_TO_US(50), 0); /* it may try again */
    const int64_t left_us = end_us - w->fixture->time.boot_us;
    if (barriers_questioned(follower->barriers) == NULL) {
        return;
    }
    if (left_us > w->bound_us / 2) {
        world_jump(w, left_us - w->bound_us * 2 / 10, 0); /* a beat is due first */
    } else if (w->fixture->time.boot_us < follower->next_beat_us && !follower->wants_beat) {
        assert_ok(tx_begin(w->scope, lock_db, LANE_NORMAL, &lock_tx));
        assert_ok(tx_run(w->scope, lock_tx, &LOCK, NO_VALUES, NULL));
    }
}

/* Holds the answer to "is this commit there?" back until the barrier that asked is over. */
static void the_question_takes_too_long(struct node *node) {
    const struct follower *follower = node->follower;
    const bool is_asked = follower->at.call != NULL && follower->at.kind == CALL_QUESTION;
    if (is_asked && lock_tx != NULL) { /* over the last bound, before the call's deadline */
        world_jump(node->world, node->world->bound_us * 3 / 10, 0);
        return;
    }
    if (lock_tx == NULL) {
        hold_the_question_back(node);
    } else {
        world_jump(node->world, MS_TO_US(10), 0); /* until it tries */
    }
    node->readings_until = 1;
}

static void a_barrier_may_end_while_its_question_is_asked(void **state) {
    struct world *w = world_open(state, 1, 1);
    struct node *node = &w->nodes[NODE_1];
    const struct person boss = given_boss(w, &w->acme);
    const struct person leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    lock_db = database_connect(w->d);
    node->is_follower_stalled = true;
    struct reply *out = deactivate(w, NODE_1, &boss, &leaver.user);
    out->exchange->revoked.generation = STR("of before");
    node->at_reading = the_question_takes_too_long;
    node->readings_until = 1;
    for (int i = 0; i < 2000 && !out->is_ready; i++) {
        struct pollfd waits = {node->follower_wait.fd, node->follower_wait.events, 0};
        (void) poll(&waits, 1, 1);
        follower_pump(node);
        shard_pump(node, 0);
        worker_pump(node); /* the caller is looked at once more: it took long */
    }
    assert_true(out->is_ready); /* 503: nobody could say */
    assert_int_equal(out->status, 503);
    assert_non_null(node->follower->at.call);
    shard_exchange_free(&out->exchange); /* its bytes are out */
    out->is_answered = true;
    tx_end(&lock_tx);
    while (node->follower->at.call != NULL && node->follower->at.kind == CALL_QUESTION) {
        struct pollfd waits = {node->follower_wait.fd, node->follower_wait.events, 0};
        (void) poll(&waits, 1, 10);
        follower_pump(node);
    }
    db_close(&lock_db);
    node->is_follower_stalled = false;
    world_pass(w, w->bound_us);
    assert_status(get_me(w, NODE_1, &boss), 200);
    world_close(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_stream_that_nobody_wants_any_more_is_freed_once),
        ON_BOTH(an_event_may_go_with_the_last_socket_of_its_audience),
        ON_POSTGRES(a_barrier_may_end_while_its_question_is_asked),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
