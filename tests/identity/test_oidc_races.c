/* What happens between two steps of a sign-in: faults of the database at every call, two browsers
 * with one address, and a deactivation that commits in the middle. */

#include <pthread.h>

#include "identity/oidc/oidc_http.h"
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

static void a_fault_at_any_call_signs_nobody_in_and_the_next_try_does(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    s->op.lie = (struct lie){.refresh_token = "refresh-1"};
    int faults = 0;
    for (int64_t call = 1; call < 100; call++) {
        s->browser.count = 0;
        assert_ok(start_sign_in(s, &s->browser, "").result);
        struct db_fault fault = {.fail_at = call};
        db_set_fault(d->db, &fault);
        const struct reply reply = finish_sign_in(s, &s->browser);
        db_set_fault(d->db, NULL);
        if (fault.seen < call) {
            assert_ok(reply.result);
            break;
        }
        faults++;
        assert_int_equal(reply.result.code, UNAVAILABLE);
        assert_false(has_cookie(&s->browser, "__Host-gatehouse"));
    }
    assert_true(faults >= 5);
    /* what was handed out is one session; tokens hang on sessions only */
    assert_true(has_cookie(&s->browser, "__Host-gatehouse"));
    assert_int_equal(
        number_of(
            d,
            "SELECT count(*) FROM oidc_session o WHERE o.org_id = $1 AND NOT EXISTS (SELECT 1 "
            "FROM session s WHERE s.org_id = $2 AND s.id = o.session_id)",
            s->company.org.id, s->company.org.id),
        0);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM org_user WHERE org_id = $1 AND user_name = $2",
                               s->company.org.id, STR("alice")),
                     1);
}

/* The same sign-in at another worker: a connection and an arena of its own. */
struct twin {
    struct sign_in s;
    struct database d;
    struct reply reply;
    pthread_t thread;
};

static void twin_open(struct twin *twin, struct sign_in *s, uint64_t number) {
    twin->s = *s;
    twin->d = *s->d;
    twin->s.d = &twin->d;
    fixture_open(&twin->d.fixture);
    twin->d.fixture.random.count = number << 32; /* no two alike */
    twin->d.fixture.env.clock = s->d->fixture.env.clock;
    twin->d.fixture.env.http = s->d->fixture.env.http;
    twin->d.db = database_connect(s->d);
}

static void twin_close(struct twin *twin) {
    db_close(&twin->d.db);
    fixture_close(&twin->d.fixture);
}

static void *finish_as_twin(void *argument) {
    struct twin *twin = argument;
    twin->reply = finish_sign_in(&twin->s, &twin->s.browser);
    return NULL;
}

static void one_address_opened_twice_at_once_signs_in_once(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    for (int round = 0; round < 5; round++) {
        s->browser.count = 0;
        assert_ok(start_sign_in(s, &s->browser, "").result);
        const int before = s->op.token;
        struct twin twins[2];
        for (size_t i = 0; i < 2; i++) {
            twin_open(&twins[i], s, (uint64_t) round * 2 + i + 1);
        }
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&twins[i].thread, NULL, finish_as_twin, &twins[i]), 0);
        }
        int winners = 0;
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(pthread_join(twins[i].thread, NULL), 0);
            winners += is_ok(twins[i].reply.result);
            assert_true(is_ok(twins[i].reply.result) ||
                        str_eq(str_from_c(twins[i].reply.reason), STR("oidc.attempt")));
            twin_close(&twins[i]);
        }
        assert_int_equal(winners, 1);
        assert_int_equal(s->op.token, before + 1);
    }
}

/* True once somebody waits for a lock that another connection holds. */
static bool somebody_waits(struct scope *scope, struct db *db) {
    static const struct statement WAITING = {
        "test.waiting", INSTALLATION,
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
        "current_database()",
        NULL};
    struct rows rows;
    assert_ok(db_run(scope, db, &WAITING, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0) > 0;
}

static void who_is_deactivated_while_the_sign_in_waits_is_not_signed_in(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {.refresh_token = "refresh-1"};
    struct user alice;
    assert_ok(sign_in(s, &good).result); /* linked from here on */
    assert_ok(user_find_by_name(scope, d->db, s->company.org.id, STR("alice"), &alice));
    s->browser.count = 0;
    assert_ok(start_sign_in(s, &s->browser, "").result);
    struct twin twin;
    twin_open(&twin, s, 1);
    struct db *watcher = database_connect(d);
    const struct state_change change = change_of(d, &alice, SOURCE_SCIM);
    struct deactivation deactivation = {0};
    struct fixture own; /* the provider's answers use that of the database */
    fixture_open(&own);
    own.random.count = UINT64_C(5) << 32;
    own.env.clock = d->fixture.env.clock;
    scope = &own.scope;
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_REVOCATION, &tx));
    assert_ok(deactivation_begin(scope, &s->messaging, tx, &change, &deactivation));
    assert_int_equal(pthread_create(&twin.thread, NULL, finish_as_twin, &twin), 0);
    while (!somebody_waits(scope, watcher)) {
    }
    assert_ok(deactivation_finish(scope, &s->messaging, tx, &change, &deactivation));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    assert_int_equal(pthread_join(twin.thread, NULL), 0);
    assert_int_equal(twin.reply.result.code, FORBIDDEN);
    assert_string_equal(twin.reply.reason, "login.refused");
    assert_int_equal(sessions_of(s), 0);
    assert_int_equal(
        number_of(d, "SELECT count(*) FROM oidc_session WHERE org_id = $1 AND user_id = $2",
                  s->company.org.id, alice.id),
        0);
    db_close(&watcher);
    twin_close(&twin);
    fixture_close(&own);
}

/* True once somebody waits for a lock (PostgreSQL) or for the one writer (SQLite). */
static bool is_somebody_waiting(struct scope *scope, const struct database *d, struct db *watcher) {
    if (d->engine == ENGINE_SQLITE) {
        return store_counts(d->store).waiting > 0;
    }
    return somebody_waits(scope, watcher);
}

/* The sign-in has read an open connection; it is closed before the sign-in commits. Only the state
 * is written, so that nothing but the guard can notice. */
static void a_connection_closed_while_the_sign_in_commits_leaves_no_session(void **state) {
    static const struct statement CLOSE = {
        "test.close", TENANT, "UPDATE connection SET state = 'disabled' WHERE org_id = $1", NULL};
    static const struct statement REOPEN = {
        "test.reopen", TENANT, "UPDATE connection SET state = 'enabled' WHERE org_id = $1", NULL};
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    s->op.lie = (struct lie){.refresh_token = "refresh-1"};
    assert_ok(start_sign_in(s, &s->browser, "").result);
    struct twin twin;
    twin_open(&twin, s, 1);
    struct db *watcher = database_connect(d);
    struct fixture own; /* the provider's answers use that of the database */
    fixture_open(&own);
    own.env.clock = d->fixture.env.clock;
    AUTO(tx_end) struct tx *tx = NULL;
    struct rows rows;
    assert_ok(tx_begin(&own.scope, d->db, LANE_NORMAL, &tx));
    assert_ok(tx_run(&own.scope, tx, &CLOSE, VALUES(value_text(s->company.org.id)), &rows));
    assert_int_equal(pthread_create(&twin.thread, NULL, finish_as_twin, &twin), 0);
    while (!is_somebody_waiting(&own.scope, d, watcher)) {
    }
    assert_ok(tx_commit(&own.scope, tx));
    tx_end(&tx);
    assert_int_equal(pthread_join(twin.thread, NULL), 0);
    assert_int_equal(twin.reply.result.code, FORBIDDEN);
    assert_string_equal(twin.reply.reason, "login.refused");
    given_row(d, &REOPEN, VALUES(value_text(s->company.org.id)));
    assert_int_equal(sessions_of(s), 0);
    db_close(&watcher);
    twin_close(&twin);
    fixture_close(&own);
}

int main(void) {
    on_both_use(SIGN_IN_MIGRATIONS, SIGN_IN_MIGRATIONS_COUNT);
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_fault_at_any_call_signs_nobody_in_and_the_next_try_does),
        ON_BOTH(one_address_opened_twice_at_once_signs_in_once),
        ON_BOTH(a_connection_closed_while_the_sign_in_commits_leaves_no_session),
        ON_POSTGRES(who_is_deactivated_while_the_sign_in_waits_is_not_signed_in),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
