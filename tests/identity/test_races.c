/* What two connections do at the same moment, on PostgreSQL: SQLite has one writer. Each test
 * stops one side inside its transaction, waits until the other one is blocked by it, and lets go.
 * The holes have the numbers of the list that the revocation protocol was checked with. */

#include "base/event_log.h"
#include "messaging/message.h"
#include "tests/identity/known.h"

#include <pthread.h>
#include <sched.h>

/* The other side: a thread with a connection and an arena of its own. */
struct rival {
    struct database *d;
    struct db *db;
    struct scope scope;
    const struct user *user;
    const struct actor *actor;
    struct str conversation_id;
    result (*run)(struct rival *rival);
    result outcome;
    struct revoked revoked;
    struct session_secret session;
    struct message message;
    pthread_t thread;
};

static void *rival_main(void *argument) {
    struct rival *rival = argument;
    rival->outcome = rival->run(rival);
    return NULL;
}

static void rival_start(struct rival *rival, struct database *d, result (*run)(struct rival *)) {
    rival->d = d;
    rival->db = database_connect(d);
    rival->scope = (struct scope){.arena = arena_new(), .env = &d->fixture.env};
    rival->run = run;
    assert_int_equal(pthread_create(&rival->thread, NULL, rival_main, rival), 0);
}

static void rival_join(struct rival *rival) {
    assert_int_equal(pthread_join(rival->thread, NULL), 0);
    db_close(&rival->db);
}

static void rival_end(struct rival *rival) {
    arena_end(&rival->scope.arena);
}

/* Until somebody waits for a lock that this transaction holds. */
static void wait_until_blocking(struct database *d, struct tx *tx) {
    static const struct statement BLOCKED = {
        "test.blocked", INSTALLATION,
        "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = "
        "ANY (pg_blocking_pids(pid))",
        NULL};
    for (int64_t tries = 0;; tries++) {
        struct rows rows;
        assert_in_range(tries, 0, 1000000);
        assert_ok(tx_run(&d->fixture.scope, tx, &BLOCKED, NO_VALUES, &rows));
        if (rows_number(&rows, 0, 0) > 0) {
            return;
        }
        (void) sched_yield();
    }
}

static result try_sign_in(struct rival *rival) {
    const struct new_session input = {.org_id = rival->user->org_id,
                                      .user_id = rival->user->id,
                                      .epoch = rival->user->epoch,
                                      .method = "password"};
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(&rival->scope, rival->db, LANE_NORMAL, &tx));
    TRY(session_create(&rival->scope, &IDENTITY, &BACKEND, tx, &input, &rival->session));
    return tx_commit(&rival->scope, tx);
}

static result try_send(struct rival *rival) {
    const struct new_message input = {.conversation_id = rival->conversation_id,
                                      .text = STR("good-bye"),
                                      .nonce = STR("nonce-1")};
    return message_send(&rival->scope, rival->db, rival->actor, &input, &rival->message);
}

static result try_deactivate(struct rival *rival) {
    const struct state_change change = change_of(rival->d, rival->user, SOURCE_SCIM);
    return user_deactivate(&rival->scope, &BACKEND, rival->db, &change, &rival->revoked);
}

static result try_token(struct rival *rival) {
    const struct new_api_token input = {
        .org_id = rival->user->org_id,
        .kind = CREDENTIAL_ADMIN_TOKEN,
        .name = STR("late"),
        .expires_us = rival->d->fixture.time.now_us + S_TO_US(60),
        .actor = rival->actor,
        .source = SOURCE_CONSOLE,
    };
    struct api_token token;
    struct str secret;
    return api_token_create(&rival->scope, rival->db, &input, &token, &secret);
}

static struct str general_of(struct database *d, const struct user *user) {
    struct conversation_list list = {0};
    assert_ok(
        conversation_list_of(&d->fixture.scope, d->db, user->org_id, user->id, 10, STR(""), &list));
    assert_int_equal(list.count, 1);
    return list.conversations[0].id;
}

static void deactivate_in(struct database *d, struct tx *tx, const struct user *user,
                          struct deactivation *ret) {
    const struct state_change change = change_of(d, user, SOURCE_SCIM);
    assert_ok(deactivation_begin(&d->fixture.scope, &BACKEND, tx, &change, ret));
    assert_ok(deactivation_finish(&d->fixture.scope, &BACKEND, tx, &change, ret));
}

/* Commits while the rival waits, and returns how that one ended. */
static result let_go(struct database *d, struct tx **tx, struct rival *rival) {
    wait_until_blocking(d, *tx);
    assert_ok(tx_commit(&d->fixture.scope, *tx));
    tx_end(tx);
    rival_join(rival);
    return rival->outcome;
}

static void hole_12_a_sign_in_behind_a_deactivation_makes_no_session(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    struct deactivation deactivation = {0};
    struct rival rival = {.user = &ann};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_REVOCATION, &tx));
    deactivate_in(d, tx, &ann, &deactivation);

    rival_start(&rival, d, try_sign_in);

    assert_failed(let_go(d, &tx, &rival), &rival.scope, UNAUTHENTICATED, "user.gone");
    assert_int_equal(number_of(d, "SELECT count(*) FROM session WHERE org_id = $1 AND user_id = $2",
                               ann.org_id, ann.id),
                     0);
    rival_end(&rival);
}

static void hole_12_a_deactivation_behind_a_sign_in_ends_the_new_session(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct new_session input = {
        .org_id = ann.org_id, .user_id = ann.id, .epoch = ann.epoch, .method = "password"};
    struct session_secret session = {0};
    struct rival rival = {.user = &ann};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(session_create(scope, &IDENTITY, &BACKEND, tx, &input, &session));

    rival_start(&rival, d, try_deactivate);

    assert_ok(let_go(d, &tx, &rival));
    struct receipt receipt = {0};
    assert_ok(receipt_find(scope, d->db, ann.org_id, rival.revoked.id, &receipt));
    assert_int_equal(receipt.sessions, 1);
    struct principal who = {0};
    assert_int_equal(check_cookie(d, session.cookie_value, &who).code, UNAUTHENTICATED);
    rival_end(&rival);
}

static void hole_12_a_token_behind_a_deactivation_is_not_made(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct actor actor = actor_of(&admin);
    struct deactivation deactivation = {0};
    struct rival rival = {.user = &admin, .actor = &actor};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_REVOCATION, &tx));
    deactivate_in(d, tx, &admin, &deactivation);

    rival_start(&rival, d, try_token);

    assert_failed(let_go(d, &tx, &rival), &rival.scope, UNAUTHENTICATED, "user.gone");
    rival_end(&rival);
}

static void hole_13_a_sign_in_that_waited_out_and_back_in_is_refused(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct state_change change = change_of(d, &ann, SOURCE_SCIM);
    struct deactivation deactivation = {0};
    struct rival rival = {.user = &ann};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_REVOCATION, &tx));
    deactivate_in(d, tx, &ann, &deactivation);
    assert_ok(user_reactivate_in(scope, &BACKEND, tx, &change));

    rival_start(&rival, d, try_sign_in);

    assert_failed(let_go(d, &tx, &rival), &rival.scope, UNAUTHENTICATED, "user.gone");
    assert_int_equal(reloaded(d, &ann).state, USER_ACTIVE);
    rival_end(&rival);
}

static void hole_14_a_message_behind_a_deactivation_does_not_commit(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct actor actor = actor_of(&ann);
    struct deactivation deactivation = {0};
    struct rival rival = {.user = &ann, .actor = &actor, .conversation_id = general_of(d, &ann)};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_REVOCATION, &tx));
    deactivate_in(d, tx, &ann, &deactivation);

    rival_start(&rival, d, try_send);

    assert_failed(let_go(d, &tx, &rival), &rival.scope, UNAUTHENTICATED, "user.gone");
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM message WHERE org_id = $1 AND sender_id = $2",
                               ann.org_id, ann.id),
                     0);
    rival_end(&rival);
}

static void a_message_ahead_of_a_deactivation_stands_before_it_in_the_stream(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct actor actor = actor_of(&ann);
    const struct state_change change = change_of(d, &ann, SOURCE_SCIM);
    struct deactivation deactivation = {0};
    struct rival rival = {.user = &ann, .actor = &actor, .conversation_id = general_of(d, &ann)};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_REVOCATION, &tx));
    assert_ok(deactivation_begin(scope, &BACKEND, tx, &change, &deactivation));

    rival_start(&rival, d, try_send);
    rival_join(&rival);
    assert_ok(rival.outcome);
    assert_ok(deactivation_finish(scope, &BACKEND, tx, &change, &deactivation));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);

    struct event_batch batch = {0};
    assert_ok(event_read(scope, d->db, ann.org_id, 0, 10, &batch));
    assert_int_equal(batch.count, 2);
    assert_str(batch.events[0].topic, "message.created");
    assert_str(batch.events[1].topic, "user.deactivated");
    rival_end(&rival);
}

static void two_deactivations_at_once_are_one_and_both_wait_on_it(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    struct deactivation deactivation = {0};
    struct rival rival = {.user = &ann};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_REVOCATION, &tx));
    deactivate_in(d, tx, &ann, &deactivation);

    rival_start(&rival, d, try_deactivate);

    assert_ok(let_go(d, &tx, &rival));
    assert_int_equal(rival.revoked.seq, deactivation.revoked_seq);
    assert_true(str_eq(rival.revoked.id, deactivation.receipt_id));
    assert_int_equal(reloaded(d, &ann).epoch, ann.epoch + 1);
    rival_end(&rival);
}

static void two_last_creators_who_leave_at_once_do_not_count_on_each_other(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user second = given_user(d, acme.org.id, "second", ROLE_CREATOR);
    struct deactivation deactivation = {0};
    struct rival rival = {.user = &second};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_REVOCATION, &tx));
    deactivate_in(d, tx, &acme.creator, &deactivation);

    rival_start(&rival, d, try_deactivate);

    assert_ok(let_go(d, &tx, &rival));
    struct org org = {0};
    assert_ok(org_find(&d->fixture.scope, d->db, acme.org.id, &org));
    assert_true(org.is_ownerless);
    rival_end(&rival);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_POSTGRES(hole_12_a_sign_in_behind_a_deactivation_makes_no_session),
        ON_POSTGRES(hole_12_a_deactivation_behind_a_sign_in_ends_the_new_session),
        ON_POSTGRES(hole_12_a_token_behind_a_deactivation_is_not_made),
        ON_POSTGRES(hole_13_a_sign_in_that_waited_out_and_back_in_is_refused),
        ON_POSTGRES(hole_14_a_message_behind_a_deactivation_does_not_commit),
        ON_POSTGRES(a_message_ahead_of_a_deactivation_stands_before_it_in_the_stream),
        ON_POSTGRES(two_deactivations_at_once_are_one_and_both_wait_on_it),
        ON_POSTGRES(two_last_creators_who_leave_at_once_do_not_count_on_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
