#include "identity/session.h"
#include "messaging/revocation.h"
#include "tests/identity/known.h"

static result try_session(struct database *d, const struct new_session *input,
                          struct session_secret *ret) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    TRY(session_create(&d->fixture.scope, &IDENTITY, &BACKEND, tx, input, ret));
    return tx_commit(&d->fixture.scope, tx);
}

static struct revoked take_out(struct database *d, const struct user *user) {
    const struct state_change change = change_of(d, user, SOURCE_SCIM);
    struct revoked revoked = {0};
    assert_ok(user_deactivate(&d->fixture.scope, &BACKEND, d->db, &change, &revoked));
    return revoked;
}

static void bring_back(struct database *d, const struct user *user) {
    const struct state_change change = change_of(d, user, SOURCE_SCIM);
    assert_ok(user_reactivate(&d->fixture.scope, &BACKEND, d->db, &change));
}

static void a_deactivation_ends_sessions_and_tokens_and_counts_them(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct session_secret one = given_session(d, &admin);
    const struct session_secret two = given_session(d, &admin);
    const struct session_secret others = given_session(d, &acme.creator);
    struct api_token token = {0};
    const struct str secret = given_token(d, &admin, CREDENTIAL_ADMIN_TOKEN, &token);
    struct principal who = {0};

    const struct revoked revoked = take_out(d, &admin);

    assert_int_equal(check_cookie(d, one.cookie_value, &who).code, UNAUTHENTICATED);
    assert_int_equal(check_cookie(d, two.cookie_value, &who).code, UNAUTHENTICATED);
    assert_int_equal(check_bearer(d, secret, &who).code, UNAUTHENTICATED);
    assert_ok(check_cookie(d, others.cookie_value, &who));
    struct receipt receipt = {0};
    assert_ok(receipt_find(&d->fixture.scope, d->db, acme.org.id, revoked.id, &receipt));
    assert_int_equal(receipt.sessions, 2);
    assert_int_equal(receipt.tokens, 1);
}

static void no_credential_from_before_opens_anything_after_the_return(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct session_secret session = given_session(d, &admin);
    struct api_token token = {0};
    const struct str secret = given_token(d, &admin, CREDENTIAL_ADMIN_TOKEN, &token);
    (void) take_out(d, &admin);

    bring_back(d, &admin);

    struct principal who = {0};
    assert_int_equal(check_cookie(d, session.cookie_value, &who).code, UNAUTHENTICATED);
    assert_int_equal(check_bearer(d, secret, &who).code, UNAUTHENTICATED);
    const struct user now = reloaded(d, &admin);
    const struct session_secret fresh = given_session(d, &now);
    assert_ok(check_cookie(d, fresh.cookie_value, &who));
}

/* A row that outlived its person by whatever accident is still no credential: the epoch says so. */
static void the_epoch_alone_keeps_an_old_session_dead(void **state) {
    static const struct statement RAISE = {
        "test.raise", TENANT, "UPDATE org_user SET epoch = epoch + 1 WHERE org_id = $1 AND id = $2",
        NULL};
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    given_row(d, &RAISE, VALUES(value_text(acme.org.id), value_text(acme.creator.id)));

    struct principal who = {0};
    assert_int_equal(check_cookie(d, session.cookie_value, &who).code, UNAUTHENTICATED);
}

static void a_proof_from_before_a_deactivation_makes_no_session(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct new_session proved = {
        .org_id = ann.org_id, .user_id = ann.id, .epoch = ann.epoch, .method = "oidc"};
    struct session_secret secret = {0};
    (void) take_out(d, &ann);

    assert_failed(try_session(d, &proved, &secret), &d->fixture.scope, UNAUTHENTICATED,
                  "user.gone");
    bring_back(d, &ann);
    assert_failed(try_session(d, &proved, &secret), &d->fixture.scope, UNAUTHENTICATED,
                  "user.gone");
}

static void a_new_sign_in_ends_the_session_that_the_browser_had(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret old = given_session(d, &acme.creator);
    const struct new_session input = {.org_id = acme.org.id,
                                      .user_id = acme.creator.id,
                                      .epoch = acme.creator.epoch,
                                      .method = "password",
                                      .old_cookie = old.cookie_value};
    struct session_secret secret = {0};

    assert_ok(try_session(d, &input, &secret));

    struct principal who = {0};
    assert_int_equal(check_cookie(d, old.cookie_value, &who).code, UNAUTHENTICATED);
    assert_ok(check_cookie(d, secret.cookie_value, &who));
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM revocation WHERE kind = $1 AND subject = $2",
                               STR("session"), old.id),
                     1);
}

static void a_cookie_of_another_organisation_survives_the_sign_in(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    const struct session_secret there = given_session(d, &other.creator);
    const struct new_session input = {.org_id = acme.org.id,
                                      .user_id = acme.creator.id,
                                      .epoch = acme.creator.epoch,
                                      .method = "password",
                                      .old_cookie = there.cookie_value};
    struct session_secret secret = {0};

    assert_ok(try_session(d, &input, &secret));

    struct principal who = {0};
    assert_ok(check_cookie(d, there.cookie_value, &who));
}

static void ending_one_session_writes_its_revocation_and_spares_the_others(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct session_secret one = given_session(d, &ann);
    const struct session_secret two = given_session(d, &ann);
    const struct actor boss = actor_of(&acme.creator);
    const struct session_end end = {.org_id = ann.org_id,
                                    .user_id = ann.id,
                                    .session_id = one.id,
                                    .actor = &boss,
                                    .source = SOURCE_CONSOLE};
    struct revoked revoked = {0};
    struct principal who = {0};

    assert_ok(session_end(&d->fixture.scope, &BACKEND, d->db, &end, &revoked));

    assert_int_equal(check_cookie(d, one.cookie_value, &who).code, UNAUTHENTICATED);
    assert_ok(check_cookie(d, two.cookie_value, &who));
    struct revocation_page page = {0};
    assert_ok(revocation_read(&d->fixture.scope, d->db, revoked.partition, revoked.seq - 1, &page));
    assert_int_equal(page.rows[0].kind, REVOKED_SESSION);
    assert_true(str_eq(page.rows[0].subject, one.id));
    assert_str(page.rows[0].reason, "session.revoked");
    assert_failed(session_end(&d->fixture.scope, &BACKEND, d->db, &end, &revoked),
                  &d->fixture.scope, NOT_FOUND, "session.unknown");
}

static void ending_all_sessions_waits_on_the_last_of_them(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    (void) given_session(d, &ann);
    (void) given_session(d, &ann);
    (void) given_session(d, &ann);
    const struct actor boss = actor_of(&acme.creator);
    const struct session_end end = {
        .org_id = ann.org_id, .user_id = ann.id, .actor = &boss, .source = SOURCE_CONSOLE};
    struct revoked revoked = {0};

    assert_ok(session_end(&d->fixture.scope, &BACKEND, d->db, &end, &revoked));

    int64_t heads[REVOCATION_PARTITIONS];
    assert_ok(revocation_heads(&d->fixture.scope, d->db, heads));
    assert_int_equal(heads[revoked.partition], revoked.seq);
    assert_int_equal(revoked.seq, 3);
}

static void who_was_cut_off_ends_nobodys_session(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct session_secret session = given_session(d, &acme.creator);
    const struct actor stale = actor_of(&admin);
    const struct session_end end = {.org_id = acme.org.id,
                                    .user_id = acme.creator.id,
                                    .session_id = session.id,
                                    .actor = &stale,
                                    .source = SOURCE_CONSOLE};
    struct revoked revoked = {0};
    (void) take_out(d, &admin);

    assert_failed(session_end(&d->fixture.scope, &BACKEND, d->db, &end, &revoked),
                  &d->fixture.scope, UNAUTHENTICATED, "user.gone");
    struct principal who = {0};
    assert_ok(check_cookie(d, session.cookie_value, &who));
}

static void only_valid_sessions_are_listed_newest_first(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    (void) given_session(d, &acme.creator);
    fake_clock_advance(&d->fixture.time, IDENTITY.session_idle_us);
    const struct session_secret second = given_session(d, &acme.creator);
    fake_clock_advance(&d->fixture.time, S_TO_US(1));
    const struct session_secret third = given_session(d, &acme.creator);

    struct session_list list = {0};
    assert_ok(session_list_of(scope, d->db, acme.org.id, acme.creator.id, 10, STR(""), &list));
    assert_int_equal(list.count, 2);
    assert_true(str_eq(list.sessions[0].id, third.id));
    assert_true(str_eq(list.sessions[1].id, second.id));
    assert_ok(session_list_of(scope, d->db, acme.org.id, acme.creator.id, 1, STR(""), &list));
    assert_ok(
        session_list_of(scope, d->db, acme.org.id, acme.creator.id, 1, list.next_cursor, &list));
    assert_true(str_eq(list.sessions[0].id, second.id));
}

static void the_sweeper_takes_the_expired_alone(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    (void) given_session(d, &acme.creator);
    fake_clock_advance(&d->fixture.time, IDENTITY.session_idle_us);
    const struct session_secret alive = given_session(d, &acme.creator);
    int64_t count = 0;

    assert_ok(session_sweep(&d->fixture.scope, d->db, &count));

    assert_int_equal(count, 1);
    struct principal who = {0};
    assert_ok(check_cookie(d, alive.cookie_value, &who));
}

static void a_fault_at_any_call_of_the_deactivation_never_leaves_a_half(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct session_secret session = given_session(d, &ann);
    const struct state_change change = change_of(d, &ann, SOURCE_SCIM);
    struct principal who = {0};
    result r = {INTERNAL};
    for (int64_t n = 1; !is_ok(r); n++) {
        assert_in_range(n, 1, 60);
        struct db_fault fault = {.fail_at = n};
        struct revoked revoked = {0};
        db_set_fault(d->db, &fault);
        r = user_deactivate(&d->fixture.scope, &BACKEND, d->db, &change, &revoked);
        db_set_fault(d->db, NULL);
        const bool is_active = reloaded(d, &ann).state == USER_ACTIVE;
        assert_int_equal(is_ok(check_cookie(d, session.cookie_value, &who)), is_active);
        assert_int_equal(is_ok(r), !is_active);
    }
}

static void the_cookie_is_for_this_host_alone(void **state) {
    struct fixture *f = *state;
    struct identity https = IDENTITY;
    https.is_public_url_https = true;
    struct http_response response = {0};

    assert_ok(session_set_cookie(&f->scope, &https, STR("value"), &response));
    assert_ok(session_set_cookie(&f->scope, &IDENTITY, STR("value"), &response));
    assert_ok(session_clear_cookie(&f->scope, &https, &response));

    assert_str(response.headers[0].value,
               "__Host-gatehouse=value; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_str(response.headers[1].value, "gatehouse=value; Path=/; HttpOnly; SameSite=Lax");
    assert_true(str_find(response.headers[2].value, STR("Max-Age=0")) > 0);
}

static struct session_secret signed_in_with(struct database *d, const struct identity *identity,
                                            const struct user *user) {
    struct scope *scope = &d->fixture.scope;
    const struct new_session input = {
        .org_id = user->org_id, .user_id = user->id, .epoch = user->epoch, .method = "password"};
    struct session_secret secret = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(session_create(scope, identity, &BACKEND, tx, &input, &secret));
    assert_ok(tx_commit(scope, tx));
    fake_clock_advance(&d->fixture.time, S_TO_US(1));
    return secret;
}

static void one_sign_in_too_many_ends_the_oldest(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct user bob = given_user(d, acme.org.id, "bob", ROLE_MEMBER);
    struct identity identity = IDENTITY;
    identity.sessions_per_person = 2;
    struct principal who = {0};
    const struct session_secret others = signed_in_with(d, &identity, &bob);
    const struct session_secret first = signed_in_with(d, &identity, &ann);
    const struct session_secret second = signed_in_with(d, &identity, &ann);
    assert_ok(check_cookie(d, first.cookie_value, &who));
    const struct session_secret third = signed_in_with(d, &identity, &ann);

    assert_int_equal(check_cookie(d, first.cookie_value, &who).code, UNAUTHENTICATED);
    assert_ok(check_cookie(d, second.cookie_value, &who));
    assert_ok(check_cookie(d, third.cookie_value, &who));
    assert_ok(check_cookie(d, others.cookie_value, &who));
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM revocation WHERE org_id = $1 AND subject = $2",
                               acme.org.id, first.id),
                     1);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM audit WHERE org_id = $1 AND subject_id = $2 "
                               "AND action = 'session.revoked' AND source = 'policy'",
                               acme.org.id, first.id),
                     1);
}

static void without_a_limit_all_sign_ins_stay(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct principal who = {0};
    const struct session_secret first = signed_in_with(d, &IDENTITY, &acme.creator);
    for (int i = 0; i < 30; i++) {
        (void) signed_in_with(d, &IDENTITY, &acme.creator);
    }
    assert_ok(check_cookie(d, first.cookie_value, &who));
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(one_sign_in_too_many_ends_the_oldest),
        ON_BOTH(without_a_limit_all_sign_ins_stay),
        ON_BOTH(a_deactivation_ends_sessions_and_tokens_and_counts_them),
        ON_BOTH(no_credential_from_before_opens_anything_after_the_return),
        ON_BOTH(the_epoch_alone_keeps_an_old_session_dead),
        ON_BOTH(a_proof_from_before_a_deactivation_makes_no_session),
        ON_BOTH(a_new_sign_in_ends_the_session_that_the_browser_had),
        ON_BOTH(a_cookie_of_another_organisation_survives_the_sign_in),
        ON_BOTH(ending_one_session_writes_its_revocation_and_spares_the_others),
        ON_BOTH(ending_all_sessions_waits_on_the_last_of_them),
        ON_BOTH(who_was_cut_off_ends_nobodys_session),
        ON_BOTH(only_valid_sessions_are_listed_newest_first),
        ON_BOTH(the_sweeper_takes_the_expired_alone),
        ON_BOTH(a_fault_at_any_call_of_the_deactivation_never_leaves_a_half),
        SENTENCE(the_cookie_is_for_this_host_alone),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
