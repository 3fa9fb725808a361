/* A database that has lost commits: the node alarms, says again what it remembers, and serves. */
#include "tests/flows/world.h"

#include "gateway/metric.h"
#include "identity/api_token.h"
#include "identity/connection.h"
#include "tests/flows/flow_main.h"

struct scene {
    struct world *w;
    struct node *node;
    struct person boss, leaver, stays;
};

static struct scene scene_open(void **state) {
    struct world *w = world_open(state, 1, 2);
    struct scene s = {
        .w = w,
        .node = &w->nodes[NODE_1],
        .boss = given_boss(w, &w->acme),
        .leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER),
        .stays = given_person(w, &w->acme, "stays", ROLE_MEMBER),
    };
    assert_status(get_me(w, NODE_1, &s.leaver), 200);
    assert_status(get_me(w, NODE_1, &s.stays), 200);
    return s;
}

/* The row of a revocation whose other effects the database will turn out to have lost. */
static struct revocation said(struct scene *s, enum revocation_kind kind, struct str subject,
                              int64_t epoch) {
    struct revocation row = {
        .org_id = s->leaver.user.org_id,
        .kind = kind,
        .subject = subject,
        .epoch = epoch,
        .reason = STR("session.revoked"),
        .origin = STR("elsewhere"),
    };
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(s->w->scope, s->w->d->db, LANE_NORMAL, &tx));
    assert_ok(revocation_append(s->w->scope, tx, &row));
    assert_ok(tx_commit(s->w->scope, tx));
    return row;
}

static void lose(struct scene *s, const struct revocation *first) {
    static const struct statement ROWS = {
        "test.lose", INSTALLATION, "DELETE FROM revocation WHERE partition = $1 AND seq >= $2",
        NULL};
    static const struct statement HEAD = {
        "test.back", INSTALLATION, "UPDATE revocation_head SET seq = $2 WHERE partition = $1",
        NULL};
    given_row(s->w->d, &ROWS, VALUES(value_number(first->partition), value_number(first->seq)));
    given_row(s->w->d, &HEAD, VALUES(value_number(first->partition), value_number(first->seq - 1)));
}

/* Read by the node, then gone from the database. */
static void said_and_lost(struct scene *s, enum revocation_kind kind, struct str subject,
                          int64_t epoch) {
    const struct revocation row = said(s, kind, subject, epoch);
    world_pass(s->w, MS_TO_US(600));
    lose(s, &row);
}

static int64_t metric(const struct scene *s, unsigned which) {
    return metric_value(s->node->metrics, which, 0);
}

static void a_lost_deactivation_is_said_again(void **state) {
    struct scene s = scene_open(state);
    const struct peer *bystander = connect_socket(s.w, NODE_1, &s.stays);
    const struct str before = follower_instance(s.node->follower);
    said_and_lost(&s, REVOKED_USER, s.leaver.user.id, s.leaver.user.epoch + 1);
    world_pass(s.w, MS_TO_US(600));

    assert_int_equal(metric(&s, METRIC_REVOCATION_LOST), 1);
    assert_int_equal(metric(&s, METRIC_REVOCATION_REAPPLIED), 1);
    assert_int_equal(reloaded(s.w->d, &s.leaver.user).state, USER_DEACTIVATED);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_true(follower_is_ready(s.node->follower));
    assert_false(str_eq(follower_instance(s.node->follower), before));
    assert_closed(bystander, 1013); /* nothing of before is trusted */
    assert_status(get_me(s.w, NODE_1, &s.stays), 200);
    assert_int_equal(number_of(s.w->d,
                               "SELECT count(*) FROM user_block WHERE org_id = $1 AND user_id = $2 "
                               "AND source = 'restore'",
                               s.leaver.user.org_id, s.leaver.user.id),
                     1);
    assert_status(reactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);
    world_pass(s.w, MS_TO_US(600));
    assert_int_equal(reloaded(s.w->d, &s.leaver.user).state, USER_ACTIVE);
    world_close(s.w);
}

static void nothing_is_trusted_until_it_is_repaired(void **state) {
    struct scene s = scene_open(state);
    said_and_lost(&s, REVOKED_USER, s.leaver.user.id, s.leaver.user.epoch + 1);
    s.node->is_worker_stalled = true;
    world_pass(s.w, S_TO_US(5));
    assert_false(follower_is_ready(s.node->follower));
    assert_string_equal(follower_not_ready_reason(s.node->follower), "lost commits");
    assert_status(get_me(s.w, NODE_1, &s.leaver), 503);
    assert_status(get_me(s.w, NODE_1, &s.stays), 503);
    s.node->is_worker_stalled = false;
    world_pass(s.w, MS_TO_US(600));
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_status(get_me(s.w, NODE_1, &s.stays), 200);
    world_close(s.w);
}

static void a_repair_that_fails_is_tried_again(void **state) {
    struct scene s = scene_open(state);
    assert_status(get_me(s.w, NODE_1, &s.boss), 200);
    said_and_lost(&s, REVOKED_USER, s.leaver.user.id, s.leaver.user.epoch + 1);
    struct db_fault fault = {.fail_at = 2};
    db_set_fault(worker_db(s.node->worker), &fault);
    world_pass(s.w, MS_TO_US(600));
    assert_true(fault.seen >= 2);
    assert_false(follower_is_ready(s.node->follower));
    assert_int_equal(reloaded(s.w->d, &s.leaver.user).state, USER_ACTIVE);
    db_set_fault(worker_db(s.node->worker), NULL);
    world_pass(s.w, S_TO_US(2));
    assert_true(follower_is_ready(s.node->follower));
    assert_int_equal(reloaded(s.w->d, &s.leaver.user).state, USER_DEACTIVATED);
    world_close(s.w);
}

static void what_was_given_out_since_is_not_touched(void **state) {
    static const struct statement LATER = {
        "test.later", INSTALLATION, "UPDATE org_user SET epoch = epoch + 1 WHERE id = $1", NULL};
    struct scene s = scene_open(state);
    said_and_lost(&s, REVOKED_USER, s.leaver.user.id, s.leaver.user.epoch + 1);
    given_row(s.w->d, &LATER, VALUES(value_text(s.leaver.user.id)));
    world_pass(s.w, MS_TO_US(600));
    assert_int_equal(metric(&s, METRIC_REVOCATION_LOST), 1);
    assert_int_equal(metric(&s, METRIC_REVOCATION_REAPPLIED), 0);
    assert_int_equal(reloaded(s.w->d, &s.leaver.user).state, USER_ACTIVE);
    assert_true(follower_is_ready(s.node->follower));
    world_close(s.w);
}

static void a_lost_session_and_a_lost_token_end_again(void **state) {
    struct scene s = scene_open(state);
    const struct person second = signed_in(s.w, &s.leaver.user);
    (void) given_token(s.w, CREDENTIAL_SCIM_TOKEN, &s.boss.user);
    struct api_token_list tokens;
    assert_ok(api_token_list_all(s.w->scope, s.w->d->db, s.boss.user.org_id, &tokens));
    const struct revocation first = said(&s, REVOKED_SESSION, s.leaver.session_id, 0);
    (void) said(&s, REVOKED_TOKEN, tokens.tokens[0].id, 0);
    (void) said(&s, REVOKED_SESSION, STR("long gone"), 0);
    world_pass(s.w, MS_TO_US(600));
    lose(&s, &first);
    world_pass(s.w, MS_TO_US(600));

    assert_int_equal(metric(&s, METRIC_REVOCATION_REAPPLIED), 2);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_status(get_me(s.w, NODE_1, &second), 200);
    assert_ok(api_token_list_all(s.w->scope, s.w->d->db, s.boss.user.org_id, &tokens));
    assert_int_equal(tokens.count, 0);
    world_close(s.w);
}

static void a_connection_is_closed_again(void **state) {
    struct scene s = scene_open(state);
    (void) given_token(s.w, CREDENTIAL_SCIM_TOKEN, &s.boss.user);
    struct api_token_list tokens;
    assert_ok(api_token_list_all(s.w->scope, s.w->d->db, s.boss.user.org_id, &tokens));
    said_and_lost(&s, REVOKED_CONNECTION, tokens.tokens[0].connection_id, 0);
    world_pass(s.w, MS_TO_US(600));
    struct connection connection;
    assert_ok(connection_find(s.w->scope, s.w->d->db, s.boss.user.org_id,
                              tokens.tokens[0].connection_id, &connection));
    assert_int_equal(connection.state, CONNECTION_DISABLED);
    assert_int_equal(metric(&s, METRIC_REVOCATION_REAPPLIED), 1);
    assert_true(follower_is_ready(s.node->follower));
    world_close(s.w);
}

static const struct statement RENEW = {
    "test.renew", INSTALLATION, "UPDATE installation SET value = $1 WHERE key = 'generation'",
    NULL};

/* The new history has as many rows, but others: only what was read can tell. */
static void what_another_history_lacks_is_said_again(void **state) {
    struct scene s = scene_open(state);
    said_and_lost(&s, REVOKED_USER, s.leaver.user.id, s.leaver.user.epoch + 1);
    (void) said(&s, REVOKED_SESSION, STR("another"), 0);
    given_row(s.w->d, &RENEW, VALUES(value_text(STR("promoted"))));
    world_pass(s.w, MS_TO_US(600));
    assert_int_equal(metric(&s, METRIC_REVOCATION_REAPPLIED), 1);
    assert_status(get_me(s.w, NODE_1, &s.leaver), 401);
    assert_true(follower_is_ready(s.node->follower));
    world_close(s.w);
}

static void another_history_that_has_it_all_changes_nothing(void **state) {
    struct scene s = scene_open(state);
    assert_status(deactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);
    assert_status(reactivate(s.w, NODE_1, &s.boss, &s.leaver.user), 200);
    given_row(s.w->d, &RENEW, VALUES(value_text(STR("promoted"))));
    world_pass(s.w, MS_TO_US(600));
    assert_int_equal(metric(&s, METRIC_REVOCATION_REAPPLIED), 0);
    assert_int_equal(reloaded(s.w->d, &s.leaver.user).state, USER_ACTIVE);
    assert_true(follower_is_ready(s.node->follower));
    world_close(s.w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_lost_deactivation_is_said_again),
        ON_BOTH(nothing_is_trusted_until_it_is_repaired),
        ON_BOTH(a_repair_that_fails_is_tried_again),
        ON_BOTH(what_was_given_out_since_is_not_touched),
        ON_BOTH(a_lost_session_and_a_lost_token_end_again),
        ON_BOTH(a_connection_is_closed_again),
        ON_SQLITE(what_another_history_lacks_is_said_again),
        ON_SQLITE(another_history_that_has_it_all_changes_nothing),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
