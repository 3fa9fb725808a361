/* Live connections: greeting, delivery, resuming, limits, commands. */
#include "tests/flows/world.h"

#include <stdio.h>
#include <string.h>

#include "tests/flows/flow_main.h"

struct talk {
    struct world *w;
    struct node *node;
    struct person ann, bob, foreigner;
};

static struct talk talk_open(void **state, unsigned shards) {
    struct world *w = world_open(state, 1, shards);
    return (struct talk){
        .w = w,
        .node = &w->nodes[NODE_1],
        .ann = given_person(w, &w->acme, "ann", ROLE_MEMBER),
        .bob = given_person(w, &w->acme, "bob", ROLE_MEMBER),
        .foreigner = given_person(w, &w->other, "ann", ROLE_MEMBER),
    };
}

static struct reply *resume(struct talk *t, const struct person *who, int64_t after) {
    return ask(t->w, NODE_1,
               &(struct ask){
                   .who = who,
                   .method = HTTP_GET,
                   .path = "/live",
                   .is_upgrade = true,
                   .query = str_format(t->w->scope->arena, "resume=%lld", (long long) after).at});
}

static int64_t head_of(struct talk *t) {
    return number_of(t->w->d, "SELECT seq FROM event_head WHERE stream = $1 OR stream = $2",
                     t->ann.user.org_id, STR("-"));
}

static size_t count_of(const struct peer *peer, const char *part) {
    size_t count = 0;
    for (size_t i = 0; i < peer->frame_count; i++) {
        count += strstr(peer->frames[i], part) != NULL ? 1 : 0;
    }
    return count;
}

static void hello_comes_first_and_says_where_the_client_is(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *peer = connect_socket(t.w, NODE_1, &t.ann);
    const struct str wanted = str_format(
        t.w->scope->arena,
        "{\"type\":\"hello\",\"user\":\"%.*s\",\"org\":\"%.*s\",\"resume\":\"%lld\",\"seq\":%lld}",
        STR_ARG(t.ann.user.id), STR_ARG(t.ann.user.org_id), (long long) head_of(&t),
        (long long) head_of(&t));
    assert_string_equal(peer->frames[0], wanted.at);
    world_close(t.w);
}

static void a_message_reaches_everybody_of_the_organisation_once(void **state) {
    struct talk t = talk_open(state, 2);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    struct reply *bob = connect_begin(t.w, NODE_1, 1, &t.bob);
    struct peer *foreigner = connect_socket(t.w, NODE_1, &t.foreigner);
    world_pump(t.w);

    assert_status(say(t.w, NODE_1, &t.ann, "good morning"), 201);

    assert_int_equal(count_of(ann, "good morning"), 1);
    assert_int_equal(count_of(bob->peer, "good morning"), 1);
    assert_int_equal(count_of(foreigner, "good morning"), 0);
    assert_non_null(strstr(ann->frames[1], "{\"type\":\"message.created\",\"seq\":"));
    world_close(t.w);
}

static void events_come_in_order_without_a_gap(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *bob = connect_socket(t.w, NODE_1, &t.bob);
    for (int i = 0; i < 25; i++) {
        const struct str body = str_format(t.w->scope->arena, "number-%02d", i);
        said_elsewhere(t.w, &t.ann.user, body.at);
    }
    follower_hint(t.node->follower, t.ann.user.org_id);
    world_pump(t.w);
    assert_int_equal(bob->frame_count, 26);
    for (int i = 0; i < 25; i++) {
        const struct str body = str_format(t.w->scope->arena, "number-%02d", i);
        assert_non_null(strstr(bob->frames[i + 1], body.at));
    }
    world_close(t.w);
}

static void who_comes_back_gets_what_was_missed_and_then_what_is_new(void **state) {
    struct talk t = talk_open(state, 1);
    const int64_t before = head_of(&t);
    for (int i = 0; i < 40; i++) {
        const struct str body = str_format(t.w->scope->arena, "missed-%02d", i);
        said_elsewhere(t.w, &t.ann.user, body.at);
    }
    (void) connect_socket(t.w, NODE_1, &t.ann); /* the organisation is watched already */
    struct reply *back = resume(&t, &t.bob, before);
    assert_status(back, 101);
    assert_status(say(t.w, NODE_1, &t.ann, "and now"), 201);

    struct peer *bob = back->peer;
    assert_int_equal(bob->frame_count, 1 + 40 + 1);
    assert_true(peer_has(bob, "\"hello\""));
    assert_int_equal(count_of(bob, "missed-00"), 1);
    assert_int_equal(count_of(bob, "missed-39"), 1);
    assert_non_null(strstr(bob->frames[41], "and now"));
    world_close(t.w);
}

static void nothing_is_lost_or_doubled_between_missed_and_new(void **state) {
    struct talk t = talk_open(state, 1);
    const int64_t before = head_of(&t);
    (void) connect_socket(t.w, NODE_1, &t.ann);
    assert_status(say(t.w, NODE_1, &t.ann, "event-0"), 201);
    t.node->is_worker_stalled = true; /* the page of missed events is not read yet */
    struct reply *back = resume(&t, &t.bob, before);
    for (int i = 1; i < 4; i++) {
        const struct str body = str_format(t.w->scope->arena, "event-%d", i);
        said_elsewhere(t.w, &t.ann.user, body.at);
        follower_hint(t.node->follower, t.ann.user.org_id);
        world_pump(t.w); /* fanned out to the others meanwhile */
    }
    t.node->is_worker_stalled = false;
    world_pump(t.w);
    for (int i = 0; i < 4; i++) {
        const struct str body = str_format(t.w->scope->arena, "event-%d", i);
        assert_int_equal(count_of(back->peer, body.at), 1);
    }
    world_close(t.w);
}

static void a_position_that_never_was_means_resync(void **state) {
    struct talk t = talk_open(state, 1);
    struct reply *back = resume(&t, &t.bob, head_of(&t) + 500);
    assert_status(back, 101);
    assert_true(peer_has(back->peer, "{\"type\":\"resync\""));
    assert_status(say(t.w, NODE_1, &t.ann, "still here"), 201);
    assert_int_equal(count_of(back->peer, "still here"), 1);
    world_close(t.w);
}

static void too_far_behind_means_resync(void **state) {
    static const struct statement AHEAD = {
        "test.ahead", INSTALLATION, "UPDATE event_head SET seq = seq + 5000 WHERE stream = $1",
        NULL};
    struct talk t = talk_open(state, 1);
    const int64_t before = head_of(&t);
    given_row(t.w->d, &AHEAD, VALUES(value_text(t.bob.user.org_id)));
    struct reply *back = resume(&t, &t.bob, before);
    assert_status(back, 101);
    assert_true(peer_has(back->peer, "{\"type\":\"resync\""));
    world_close(t.w);
}

static void a_position_that_is_no_number_is_refused(void **state) {
    struct talk t = talk_open(state, 1);
    struct ask upgrade = {.who = &t.bob,
                          .method = HTTP_GET,
                          .path = "/live",
                          .is_upgrade = true,
                          .query = "resume=x"};
    struct reply *refused = ask(t.w, NODE_1, &upgrade);
    assert_status(refused, 400);
    assert_string_equal(refused->code, "live.resume");
    upgrade.query = "resume=1";
    assert_status(ask(t.w, NODE_1, &upgrade), 101);
    world_close(t.w);
}

static void a_slow_reader_is_told_to_resync(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *slow = connect_socket(t.w, NODE_1, &t.bob);
    struct peer *quick = connect_socket(t.w, NODE_1, &t.ann);
    slow->room = 0;
    for (int i = 0; i < SOCKET_MAX_FRAMES + 1; i++) {
        assert_true(slow->is_open);
        assert_status(say(t.w, NODE_1, &t.ann, "more"), 201);
    }
    assert_closed(slow, 4409);
    assert_true(quick->is_open);
    world_close(t.w);
}

static void one_person_has_so_many_sockets_and_no_more(void **state) {
    struct talk t = talk_open(state, 1);
    for (int i = 0; i < 4; i++) {
        (void) connect_socket(t.w, NODE_1, &t.ann);
    }
    struct reply *fifth = connect_begin(t.w, NODE_1, 0, &t.ann);
    world_pump(t.w);
    assert_closed(fifth->peer, 4429);
    (void) connect_socket(t.w, NODE_1, &t.bob);
    assert_int_equal(shard_socket_count(t.node->shards[0]), 5);
    world_close(t.w);
}

static void a_socket_ends_with_its_session(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *peer = connect_socket(t.w, NODE_1, &t.ann);
    t.w->fixture->time.now_us += t.w->identity.session_absolute_us + 1;
    world_pass(t.w, S_TO_US(61));
    assert_closed(peer, 4401);
    world_close(t.w);
}

static void nothing_is_delivered_after_the_session_has_run_out(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *peer = connect_socket(t.w, NODE_1, &t.ann);
    said_elsewhere(t.w, &t.bob.user, "too late");
    t.w->fixture->time.now_us += t.w->identity.session_absolute_us + 1;
    follower_hint(t.node->follower, t.ann.user.org_id);
    world_pump(t.w);
    assert_closed(peer, 4401);
    assert_false(peer_has(peer, "too late"));
    world_close(t.w);
}

/* A session that is gone without any revocation: the look every minute finds it. */
static void an_idle_socket_is_checked_again_within_a_minute(void **state) {
    static const struct statement GONE = {"test.gone", INSTALLATION,
                                          "DELETE FROM session WHERE id = $1", NULL};
    struct talk t = talk_open(state, 1);
    struct peer *peer = connect_socket(t.w, NODE_1, &t.ann);
    struct peer *other = connect_socket(t.w, NODE_1, &t.bob);
    given_row(t.w->d, &GONE, VALUES(value_text(t.ann.session_id)));
    world_pass(t.w, S_TO_US(62));
    assert_closed(peer, 4401);
    assert_true(other->is_open);
    world_close(t.w);
}

static void a_changed_role_reaches_an_open_socket_within_a_minute(void **state) {
    static const struct statement PROMOTE = {
        "test.promote", INSTALLATION, "UPDATE org_user SET role = 'admin' WHERE id = $1", NULL};
    struct talk t = talk_open(state, 1);
    struct peer *peer = connect_socket(t.w, NODE_1, &t.ann);
    given_row(t.w->d, &PROMOTE, VALUES(value_text(t.ann.user.id)));
    assert_int_equal(peer->socket->kept->value.actor.role, ROLE_MEMBER);
    world_pass(t.w, S_TO_US(62));
    assert_true(peer->is_open);
    assert_int_equal(peer->socket->kept->value.actor.role, ROLE_ADMIN);
    assert_status(deactivate(t.w, NODE_1, &t.ann, &t.bob.user), 200);
    world_close(t.w);
}

static void commands_are_acknowledged_under_their_id(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    struct peer *bob = connect_socket(t.w, NODE_1, &t.bob);
    const struct str conversation = general_of(t.w, &t.ann.user);
    const struct str command =
        str_format(t.w->scope->arena,
                   "{\"type\":\"send\",\"id\":\"c1\",\"conversation\":\"%.*s\",\"text\":\"over the "
                   "wire\",\"nonce\":\"n1\"}",
                   STR_ARG(conversation));
    peer_sends(ann, command.at);
    peer_sends(ann, "{\"type\":\"ping\",\"id\":\"c2\"}");
    world_pump(t.w);
    assert_true(peer_has(ann, "{\"type\":\"ack\",\"id\":\"c1\""));
    assert_true(peer_has(ann, "{\"type\":\"ack\",\"id\":\"c2\"}"));
    assert_int_equal(count_of(bob, "over the wire"), 1);
    world_close(t.w);
}

static void wrong_commands_are_answered_with_their_reason(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    peer_sends(ann, "no json");
    peer_sends(ann, "{\"type\":\"send\"}");
    peer_sends(ann, "{\"type\":\"dance\",\"id\":\"c3\"}");
    peer_sends(ann, "{\"type\":\"send\",\"id\":\"c4\"}");
    world_pump(t.w);
    assert_int_equal(count_of(ann, "{\"type\":\"error\",\"id\":null,\"code\":\"live.command\"}"),
                     2);
    assert_true(peer_has(ann, "{\"type\":\"error\",\"id\":\"c3\",\"code\":\"live.command\"}"));
    assert_true(peer_has(ann, "{\"type\":\"error\",\"id\":\"c4\",\"code\":\"json.missing\"}"));
    assert_true(ann->is_open);
    world_close(t.w);
}

static void one_socket_cannot_fill_the_workers_queue(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    t.node->is_worker_stalled = true;
    for (int i = 0; i < SOCKET_MAX_COMMANDS + 1; i++) {
        const struct str command =
            str_format(t.w->scope->arena, "{\"type\":\"read\",\"id\":\"c%d\"}", i);
        peer_sends(ann, command.at);
    }
    assert_int_equal(count_of(ann, "live.busy"), 1);
    t.node->is_worker_stalled = false;
    world_pump(t.w);
    assert_int_equal(count_of(ann, "json.missing"), SOCKET_MAX_COMMANDS);
    world_close(t.w);
}

static void a_command_of_a_leaver_is_not_run(void **state) {
    struct talk t = talk_open(state, 1);
    const struct person boss = given_boss(t.w, &t.w->acme);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    struct peer *bob = connect_socket(t.w, NODE_1, &t.bob);
    const struct str conversation = general_of(t.w, &t.ann.user);
    const struct str command =
        str_format(t.w->scope->arena,
                   "{\"type\":\"send\",\"id\":\"c1\",\"conversation\":\"%.*s\",\"text\":\"last "
                   "words\",\"nonce\":\"n1\"}",
                   STR_ARG(conversation));
    t.node->is_worker_stalled = true;
    peer_sends(ann, command.at);
    (void) committed_elsewhere(t.w, &t.ann.user);
    t.node->is_worker_stalled = false;
    world_pass(t.w, MS_TO_US(600));
    assert_closed(ann, 4401);
    assert_false(peer_has(bob, "last words"));
    (void) boss;
    world_close(t.w);
}

static void the_socket_whose_101_was_lost_is_forgotten(void **state) {
    struct talk t = talk_open(state, 1);
    t.node->is_adoption_stalled = true;
    struct reply *opening = connect_begin(t.w, NODE_1, 0, &t.ann);
    world_pump(t.w);
    assert_int_equal(shard_socket_count(t.node->shards[0]), 1);
    shard_exchange_free(&opening->exchange); /* the client went away */
    opening->is_answered = true;
    assert_int_equal(shard_socket_count(t.node->shards[0]), 0);
    t.node->is_adoption_stalled = false;
    world_close(t.w);
}

static void fan_out_is_sliced(void **state) {
    enum { SOCKETS = 40 };
    struct talk t = talk_open(state, 1);
    struct peer *peers[SOCKETS * 4];
    for (int i = 0; i < SOCKETS; i++) {
        const struct str name = str_format(t.w->scope->arena, "person-%d", i);
        const struct person person = given_person(t.w, &t.w->acme, name.at, ROLE_MEMBER);
        for (int j = 0; j < 4; j++) {
            peers[i * 4 + j] = connect_socket(t.w, NODE_1, &person);
        }
    }
    for (int i = 0; i < 2; i++) {
        said_elsewhere(t.w, &t.ann.user, i == 0 ? "first" : "second");
        follower_hint(t.node->follower, t.ann.user.org_id);
        follower_pump(t.node);
    }
    while (t.node->follower_wait.fd >= 0) {
        follower_pump(t.node);
    }
    world_pump(t.w);
    for (int i = 0; i < SOCKETS * 4; i++) {
        assert_int_equal(count_of(peers[i], "first"), 1);
        assert_int_equal(count_of(peers[i], "second"), 1);
    }
    world_close(t.w);
}

static void a_cut_is_acknowledged_before_the_colleagues_hear_of_it(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    struct peer *bob = connect_socket(t.w, NODE_1, &t.bob);
    t.node->is_shard_stalled[0] = true;
    (void) committed_elsewhere(t.w, &t.ann.user);
    follower_hint(t.node->follower, t.ann.user.org_id);
    world_pass(t.w, MS_TO_US(600)); /* the rows and the event wait at the shard */
    assert_true(shard_step(t.node->shards[0]));
    assert_closed(ann, 4401);
    assert_int_equal(count_of(bob, "user.deactivated"), 0);
    t.node->is_shard_stalled[0] = false;
    shard_pump(t.node, 0);
    assert_int_equal(count_of(bob, "user.deactivated"), 1);
    world_close(t.w);
}

static void draining_says_restart_to_everybody(void **state) {
    struct talk t = talk_open(state, 1);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    while (!shard_drain(t.node->shards[0])) {
        world_pump(t.w);
    }
    assert_closed(ann, 1012);
    struct reply *late = get_me(t.w, NODE_1, &t.ann);
    assert_status(late, 503);
    assert_string_equal(late->code, "shard.draining");
    world_close(t.w);
}

static void a_full_queue_is_a_refusal_at_once(void **state) {
    struct talk t = talk_open(state, 1);
    t.node->is_worker_stalled = true;
    struct reply *reply = NULL;
    for (int i = 0; i < 65; i++) {
        reply = ask_begin(t.w, NODE_1,
                          &(struct ask){.who = &t.ann, .method = HTTP_GET, .path = "/look"});
    }
    world_pump(t.w);
    assert_status(reply, 503);
    assert_string_equal(reply->code, "shard.queue_full");
    t.node->is_worker_stalled = false;
    world_pump(t.w);
    assert_status(get_me(t.w, NODE_1, &t.ann), 200);
    world_close(t.w);
}

static void a_write_needs_the_csrf_header(void **state) {
    struct talk t = talk_open(state, 1);
    struct person forged = t.ann;
    forged.csrf = STR("");
    struct reply *refused = say(t.w, NODE_1, &forged, "forged");
    assert_status(refused, 403);
    assert_string_equal(refused->code, "access.csrf");
    forged.csrf = t.bob.csrf;
    assert_status(say(t.w, NODE_1, &forged, "forged"), 403);
    assert_status(say(t.w, NODE_1, &t.ann, "mine"), 201);
    world_close(t.w);
}

static void a_member_may_not_deactivate_and_a_scim_token_not_administer(void **state) {
    struct talk t = talk_open(state, 1);
    const struct person boss = given_boss(t.w, &t.w->acme);
    struct reply *refused = deactivate(t.w, NODE_1, &t.ann, &t.bob.user);
    assert_status(refused, 403);
    assert_string_equal(refused->code, "access.permission");
    const struct str scim = given_token(t.w, CREDENTIAL_SCIM_TOKEN, &boss.user);
    struct reply *wrong =
        ask(t.w, NODE_1, &(struct ask){.bearer = scim, .method = HTTP_GET, .path = "/admin/me"});
    assert_status(wrong, 403);
    assert_string_equal(wrong->code, "access.kind");
    assert_status(get_me(t.w, NODE_1, &t.bob), 200);
    world_close(t.w);
}

static void another_organisations_person_is_not_found(void **state) {
    struct talk t = talk_open(state, 1);
    const struct person boss = given_boss(t.w, &t.w->acme);
    assert_status(deactivate(t.w, NODE_1, &boss, &t.foreigner.user), 404);
    assert_status(get_me(t.w, NODE_1, &t.foreigner), 200);
    world_close(t.w);
}

static void says_typing(struct talk *t, struct peer *peer, struct str conversation) {
    peer_sends(peer, str_format(t->w->scope->arena,
                                "{\"type\":\"typing\",\"id\":\"t\",\"conversation\":\"%.*s\"}",
                                STR_ARG(conversation))
                         .at);
    world_pump(t->w);
}

static void typing_is_told_to_the_others_and_stored_nowhere(void **state) {
    struct talk t = talk_open(state, 2);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    struct peer *second = connect_socket(t.w, NODE_1, &t.ann);
    struct reply *bob = connect_begin(t.w, NODE_1, 1, &t.bob);
    struct peer *foreigner = connect_socket(t.w, NODE_1, &t.foreigner);
    world_pump(t.w);
    const int64_t before = head_of(&t);
    const struct str conversation = general_of(t.w, &t.ann.user);

    says_typing(&t, ann, conversation);

    const struct str wanted = str_format(
        t.w->scope->arena, "{\"type\":\"typing\",\"conversation\":\"%.*s\",\"user\":\"%.*s\"}",
        STR_ARG(conversation), STR_ARG(t.ann.user.id));
    assert_int_equal(count_of(bob->peer, wanted.at), 1);
    assert_true(peer_has(ann, "{\"type\":\"ack\",\"id\":\"t\"}"));
    assert_int_equal(count_of(ann, "\"typing\""), 0);
    assert_int_equal(count_of(second, "\"typing\""), 0);
    assert_int_equal(count_of(foreigner, "\"typing\""), 0);
    assert_int_equal(head_of(&t), before);
    world_close(t.w);
}

static void typing_to_one_person_reaches_that_person_alone(void **state) {
    struct talk t = talk_open(state, 1);
    const struct person third = given_person(t.w, &t.w->acme, "third", ROLE_MEMBER);
    said_directly(t.w, &t.ann.user, &t.bob.user, "hello");
    struct conversation_list list;
    assert_ok(conversation_list_of(t.w->scope, t.w->d->db, t.ann.user.org_id, t.ann.user.id, 10,
                                   STR(""), &list));
    assert_int_equal(list.count, 2);
    const bool is_first = list.conversations[0].kind == CONVERSATION_DIRECT;
    const struct str direct = list.conversations[is_first ? 0 : 1].id;
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    struct peer *bob = connect_socket(t.w, NODE_1, &t.bob);
    struct peer *other = connect_socket(t.w, NODE_1, &third);
    says_typing(&t, ann, direct);
    says_typing(&t, other, direct); /* not a member */
    assert_int_equal(count_of(bob, "\"typing\""), 1);
    assert_int_equal(count_of(other, "\"type\":\"typing\""), 0);
    assert_true(peer_has(other, "\"code\":\"conversation.unknown\""));
    assert_int_equal(count_of(ann, "\"type\":\"typing\""), 0);
    world_close(t.w);
}

static void typing_is_limited_and_cuts_no_slow_reader(void **state) {
    struct talk t = talk_open(state, 1);
    const struct str conversation = general_of(t.w, &t.ann.user);
    struct peer *ann = connect_socket(t.w, NODE_1, &t.ann);
    struct peer *bob = connect_socket(t.w, NODE_1, &t.bob);
    says_typing(&t, ann, conversation);
    says_typing(&t, ann, conversation);
    assert_int_equal(count_of(ann, "live.too_often"), 1);
    assert_int_equal(count_of(bob, "\"typing\""), 1);
    bob->room = 0;
    for (int i = 0; i < SOCKET_MAX_FRAMES + 5; i++) {
        world_pass(t.w, S_TO_US(2));
        says_typing(&t, ann, conversation);
    }
    assert_true(bob->is_open);
    assert_int_equal(bob->socket->queue_count, 1);
    assert_int_equal(count_of(ann, "live.too_often"), 1);
    world_close(t.w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(hello_comes_first_and_says_where_the_client_is),
        ON_BOTH(a_message_reaches_everybody_of_the_organisation_once),
        ON_BOTH(events_come_in_order_without_a_gap),
        ON_BOTH(who_comes_back_gets_what_was_missed_and_then_what_is_new),
        ON_BOTH(nothing_is_lost_or_doubled_between_missed_and_new),
        ON_BOTH(a_position_that_never_was_means_resync),
        ON_BOTH(too_far_behind_means_resync),
        ON_SQLITE(a_position_that_is_no_number_is_refused),
        ON_BOTH(a_slow_reader_is_told_to_resync),
        ON_SQLITE(one_person_has_so_many_sockets_and_no_more),
        ON_BOTH(a_socket_ends_with_its_session),
        ON_BOTH(nothing_is_delivered_after_the_session_has_run_out),
        ON_BOTH(an_idle_socket_is_checked_again_within_a_minute),
        ON_SQLITE(a_changed_role_reaches_an_open_socket_within_a_minute),
        ON_BOTH(commands_are_acknowledged_under_their_id),
        ON_SQLITE(wrong_commands_are_answered_with_their_reason),
        ON_SQLITE(one_socket_cannot_fill_the_workers_queue),
        ON_BOTH(a_command_of_a_leaver_is_not_run),
        ON_BOTH(typing_is_told_to_the_others_and_stored_nowhere),
        ON_SQLITE(typing_to_one_person_reaches_that_person_alone),
        ON_SQLITE(typing_is_limited_and_cuts_no_slow_reader),
        ON_SQLITE(the_socket_whose_101_was_lost_is_forgotten),
        ON_SQLITE(fan_out_is_sliced),
        ON_BOTH(a_cut_is_acknowledged_before_the_colleagues_hear_of_it),
        ON_SQLITE(draining_says_restart_to_everybody),
        ON_SQLITE(a_full_queue_is_a_refusal_at_once),
        ON_SQLITE(a_write_needs_the_csrf_header),
        ON_SQLITE(a_member_may_not_deactivate_and_a_scim_token_not_administer),
        ON_BOTH(another_organisations_person_is_not_found),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
