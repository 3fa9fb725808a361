/* How OpenID providers are looked after between sign-ins: hourly checks, and the refresh tokens of
 * sessions that have ended. */

#include "identity/oidc/oidc_health.h"

#include "identity/oidc/oidc_revocation.h"
#include "identity/provider_http.h"
#include "identity/session.h"
#include "messaging/deactivation.h"
#include "tests/support/sign_in.h"

static struct fixture key_fixture;
static struct op_keys keys;

static int make_keys(void **state) {
    (void) state;
    fixture_open(&key_fixture);
    keys = op_keys_make(&key_fixture.scope);
    return 0;
}

static int drop_keys(void **state) {
    fixture_close(&key_fixture);
    return on_both_stop(state);
}

static struct oidc_health health_of(struct sign_in *s) {
    struct oidc_health health;
    assert_ok(oidc_health_find(&s->d->fixture.scope, s->d->db, s->company.org.id, s->connection.id,
                               &health));
    return health;
}

/* Hands out what is due and runs it. Gives how many jobs there were. */
static int run_jobs(struct sign_in *s) {
    struct scope *scope = &s->d->fixture.scope;
    struct job job;
    assert_ok(oidc_health_schedule(scope, s->d->db));
    assert_ok(oidc_revocation_schedule(scope, s->d->db));
    for (int count = 0;; count++) {
        if (!is_ok(job_claim(scope, s->d->db, STR("runner"), S_TO_US(60), &job))) {
            return count;
        }
        result done = OK_RESULT;
        if (str_eq(job.kind, STR(OIDC_HEALTH_JOB))) {
            done = oidc_health_run(scope, s->oidc, s->d->db, &job);
        } else if (str_eq(job.kind, STR(OIDC_REVOKE_JOB))) {
            done = oidc_revocation_run(scope, &s->identity, s->d->db, &job);
        }
        assert_ok(is_ok(done) ? job_finish(scope, s->d->db, &job, STR("runner"))
                              : job_retry(scope, s->d->db, &job, STR("runner"), scope->reason));
    }
}

/* Begins with a connection whose first check is due. */
static struct sign_in *office_open(struct database *d) {
    struct sign_in *s = sign_in_open(d, &keys);
    fake_clock_advance(&d->fixture.time, S_TO_US(3600));
    return s;
}

static void a_connection_is_checked_every_hour(void **state) {
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(*state, &keys);
    assert_int_equal(health_of(s).checked_us, 0);
    assert_int_equal(run_jobs(s), 0); /* it was asked when the connection was made */
    fake_clock_advance(&s->d->fixture.time, S_TO_US(3600));
    assert_int_equal(run_jobs(s), 1);
    const struct oidc_health health = health_of(s);
    assert_int_equal(health.good_us, s->d->fixture.time.now_us);
    assert_int_equal(health.keys, 3);
    assert_str(health.failure, "");
    assert_in_range(health.next_us - health.good_us, S_TO_US(3240), S_TO_US(3600));
    assert_int_equal(run_jobs(s), 0);
    fake_clock_advance(&s->d->fixture.time, S_TO_US(3600));
    assert_int_equal(run_jobs(s), 1);
    assert_int_equal(s->op.metadata, 2);
    assert_int_equal(s->op.jwks, 2);
}

static void what_is_wrong_is_noted_until_it_is_right_again(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    assert_int_equal(run_jobs(s), 1);
    const int64_t good_us = s->d->fixture.time.now_us;
    static const struct {
        struct lie lie;
        const char *failure;
    } WRONGS[] = {
        {{.metadata_status = 500}, "oidc.status"},
        {{.metadata_issuer = "https://evil.example"}, "oidc.issuer_mismatch"},
        {{.jwks_status = 404}, "oidc.status"},
        {{.jwks = "{\"keys\":[]}"}, "oidc.keys"},
    };
    for (size_t i = 0; i < sizeof WRONGS / sizeof *WRONGS; i++) {
        s->op.lie = WRONGS[i].lie;
        fake_clock_advance(&s->d->fixture.time, S_TO_US(3600));
        assert_int_equal(run_jobs(s), 1);
        const struct oidc_health health = health_of(s);
        assert_str(health.failure, WRONGS[i].failure);
        assert_int_equal(health.failures, i + 1);
        assert_int_equal(health.good_us, good_us);
        assert_int_equal(health.keys, 3); /* at the last good check */
    }
    s->op.lie = (struct lie){.iss = NULL};
    fake_clock_advance(&s->d->fixture.time, S_TO_US(3600));
    assert_int_equal(run_jobs(s), 1);
    assert_str(health_of(s).failure, "");
    assert_int_equal(health_of(s).failures, 0);
}

static void an_administrator_sees_and_asks_for_a_check(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    const struct request request = {.query = "", .path_arg = s->connection.id, .actor = &s->admin};
    s->op.lie = (struct lie){.metadata_status = 500};
    struct reply reply = browse(s, &s->browser, connection_provider_refresh_http, &request);
    assert_int_equal(reply.status, 200);
    assert_true(str_find(reply.body, STR("\"failure\":\"oidc.status\"")) >= 0);
    s->op.lie = (struct lie){.iss = NULL};
    reply = browse(s, &s->browser, connection_provider_refresh_http, &request);
    assert_true(str_find(reply.body, STR("\"failure\":null")) >= 0);
    reply = browse(s, &s->browser, connection_provider_http, &request);
    assert_int_equal(reply.status, 200);
    assert_true(str_find(reply.body, STR("\"keys\":3")) >= 0);
    const struct user member = given_user(s->d, s->company.org.id, "member", ROLE_MEMBER);
    const struct actor nobody = actor_of(&member);
    const struct request theirs = {.query = "", .path_arg = s->connection.id, .actor = &nobody};
    assert_string_equal(browse(s, &s->browser, connection_provider_http, &theirs).reason,
                        "role.forbidden");
    assert_string_equal(browse(s, &s->browser, connection_provider_refresh_http, &theirs).reason,
                        "role.forbidden");
    assert_string_equal(browse(s, &s->browser, connection_provider_accept_http, &theirs).reason,
                        "role.forbidden");
    const struct company other = given_company(s->d, "other");
    const struct actor foreign = actor_of(&other.creator);
    const struct request from_elsewhere = {
        .query = "", .path_arg = s->connection.id, .actor = &foreign};
    assert_string_equal(browse(s, &s->browser, connection_provider_http, &from_elsewhere).reason,
                        "connection.unknown");
}

static int64_t waiting(struct sign_in *s) {
    return number_of(
        s->d, "SELECT count(*) FROM oidc_revocation WHERE org_id = $1 AND connection_id = $2",
        s->company.org.id, s->connection.id);
}

/* Signed in with a refresh token, or without one. */
static struct session given_session_of(struct sign_in *s, const char *refresh_token) {
    const struct lie lie = {.refresh_token = refresh_token};
    struct user alice;
    struct session_list list;
    assert_ok(sign_in(s, &lie).result);
    assert_ok(
        user_find_by_name(&s->d->fixture.scope, s->d->db, s->company.org.id, STR("alice"), &alice));
    assert_ok(session_list_of(&s->d->fixture.scope, s->d->db, s->company.org.id, alice.id, 10,
                              STR("~"), &list));
    assert_int_equal(list.count, 1);
    return list.sessions[0];
}

static void end(struct sign_in *s, const struct session *session) {
    struct revoked revoked;
    const struct session_end how = {.org_id = session->org_id,
                                    .user_id = session->user_id,
                                    .session_id = session->id,
                                    .actor = &s->admin,
                                    .source = SOURCE_CONSOLE};
    assert_ok(session_end(&s->d->fixture.scope, &s->messaging, s->d->db, &how, &revoked));
}

static void a_session_that_ends_leaves_its_token_to_be_revoked(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    (void) run_jobs(s);
    const struct session session = given_session_of(s, "refresh-1");
    assert_int_equal(waiting(s), 0);
    end(s, &session);
    assert_int_equal(waiting(s), 1);
    assert_int_equal(s->op.revocations, 0); /* not inside the request */
    assert_int_equal(run_jobs(s), 1);
    assert_int_equal(s->op.revocations, 1);
    assert_true(str_find(s->op.token_request, STR("token=refresh-1")) >= 0);
    assert_true(str_find(s->op.token_request, STR("token_type_hint=refresh_token")) >= 0);
    assert_true(str_has_prefix(s->op.token_authorization, STR("Basic ")));
    assert_int_equal(waiting(s), 0);
    assert_int_equal(run_jobs(s), 0);
}

static void without_a_refresh_token_nothing_is_left(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    const struct session session = given_session_of(s, NULL);
    end(s, &session);
    assert_int_equal(waiting(s), 0);
}

static void somebody_elses_session_gives_nothing_away(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    const struct session session = given_session_of(s, "refresh-1");
    struct revoked revoked;
    const struct session_end how = {.org_id = session.org_id,
                                    .user_id = s->company.creator.id,
                                    .session_id = session.id,
                                    .actor = &s->admin,
                                    .source = SOURCE_CONSOLE};
    assert_failed(session_end(&s->d->fixture.scope, &s->messaging, s->d->db, &how, &revoked),
                  &s->d->fixture.scope, NOT_FOUND, "session.unknown");
    assert_int_equal(waiting(s), 0);
}

static void a_deactivation_leaves_the_tokens_of_the_leaver_to_be_revoked(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    (void) run_jobs(s);
    const struct session session = given_session_of(s, "refresh-1");
    struct user alice;
    struct revoked revoked;
    assert_ok(user_find(&s->d->fixture.scope, s->d->db, session.org_id, session.user_id, &alice));
    const struct state_change change = change_of(s->d, &alice, SOURCE_SCIM);
    assert_ok(user_deactivate(&s->d->fixture.scope, &s->messaging, s->d->db, &change, &revoked));
    assert_int_equal(waiting(s), 1);
    assert_int_equal(
        number_of(s->d, "SELECT count(*) FROM oidc_session WHERE org_id = $1 AND user_id = $2",
                  session.org_id, session.user_id),
        0);
    (void) run_jobs(s);
    assert_int_equal(s->op.revocations, 1);
}

static void sessions_that_run_out_and_disabled_connections_leave_theirs(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    struct scope *scope = &s->d->fixture.scope;
    int64_t swept = 0;
    (void) run_jobs(s);
    (void) given_session_of(s, "refresh-1");
    fake_clock_advance(&s->d->fixture.time, S_TO_US(3601));
    assert_ok(session_sweep(scope, s->d->db, &swept));
    assert_int_equal(swept, 1);
    assert_int_equal(waiting(s), 1);
    (void) run_jobs(s);
    s->browser.count = 0;
    (void) given_session_of(s, "refresh-2");
    struct revoked revoked;
    const struct connection_change change = {&s->identity, &s->messaging, &s->admin, STR("r"), 0};
    assert_ok(connection_disable(scope, &change, s->d->db, &s->connection, &revoked));
    assert_int_equal(waiting(s), 1);
    (void) run_jobs(s);
    assert_int_equal(s->op.revocations, 2);
}

static void a_provider_that_is_away_is_asked_again_for_a_day(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    (void) run_jobs(s);
    const struct session session = given_session_of(s, "refresh-1");
    end(s, &session);
    s->op.lie = (struct lie){.revocation_status = 503};
    (void) run_jobs(s);
    assert_int_equal(s->op.revocations, 1);
    assert_int_equal(waiting(s), 1);
    fake_clock_advance(&s->d->fixture.time, S_TO_US(2));
    (void) run_jobs(s);
    assert_int_equal(s->op.revocations, 2);
    fake_clock_advance(&s->d->fixture.time, S_TO_US(86400));
    (void) run_jobs(s);
    assert_int_equal(waiting(s), 0);
    assert_int_equal(s->op.revocations, 2);
}

static void a_refusal_and_a_provider_without_the_endpoint_are_the_end_of_it(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    (void) run_jobs(s);
    struct session session = given_session_of(s, "refresh-1");
    end(s, &session);
    s->op.lie = (struct lie){.revocation_status = 400};
    (void) run_jobs(s);
    assert_int_equal(s->op.revocations, 1);
    assert_int_equal(waiting(s), 0);
    s->browser.count = 0;
    session = given_session_of(s, "refresh-2");
    end(s, &session);
    s->op.lie = (struct lie){.without_revocation = true};
    fake_clock_advance(&s->d->fixture.time, S_TO_US(3600));
    (void) run_jobs(s);
    assert_int_equal(s->op.revocations, 1);
    assert_int_equal(waiting(s), 0);
}

static void a_new_sign_in_of_the_same_browser_revokes_nothing(void **state) {
    AUTO(sign_in_close) struct sign_in *s = office_open(*state);
    (void) given_session_of(s, "refresh-1");
    (void) given_session_of(s, "refresh-2"); /* the first one has ended with it */
    assert_int_equal(waiting(s), 0);         /* its grant may be that of the second */
}

int main(void) {
    on_both_use(SIGN_IN_MIGRATIONS, SIGN_IN_MIGRATIONS_COUNT);
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_connection_is_checked_every_hour),
        ON_SQLITE(what_is_wrong_is_noted_until_it_is_right_again),
        ON_SQLITE(an_administrator_sees_and_asks_for_a_check),
        ON_BOTH(a_session_that_ends_leaves_its_token_to_be_revoked),
        ON_SQLITE(without_a_refresh_token_nothing_is_left),
        ON_SQLITE(somebody_elses_session_gives_nothing_away),
        ON_BOTH(a_deactivation_leaves_the_tokens_of_the_leaver_to_be_revoked),
        ON_BOTH(sessions_that_run_out_and_disabled_connections_leave_theirs),
        ON_SQLITE(a_provider_that_is_away_is_asked_again_for_a_day),
        ON_SQLITE(a_refusal_and_a_provider_without_the_endpoint_are_the_end_of_it),
        ON_SQLITE(a_new_sign_in_of_the_same_browser_revokes_nothing),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
