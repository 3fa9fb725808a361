#include "base/log.h"
#include "base/password.h"
#include "identity/login_throttle.h"
#include "identity/password_login.h"
#include "tests/identity/known.h"

#include <string.h>

#define PASSWORD "correct horse battery"

static void given_password(struct database *d, const struct user *user) {
    struct scope *scope = &d->fixture.scope;
    const struct secret password = {STR(PASSWORD)};
    struct password_change change = {.org_id = user->org_id, .user_id = user->id};
    assert_ok(password_hash(scope, password, &change.hash));
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(local_password_set(scope, tx, &change));
    assert_ok(tx_commit(scope, tx));
}

static struct password_attempt attempt_of(const char *org, const char *email,
                                          const char *password) {
    return (struct password_attempt){
        .org_slug = str_from_c(org),
        .email = str_from_c(email),
        .password = {str_from_c(password)},
        .client_address = STR("192.0.2.1"),
        .request_id = STR("request-1"),
    };
}

static result sign_in(struct database *d, const struct password_attempt *attempt,
                      struct login_result *ret, int64_t *ret_retry_after_s) {
    struct identity identity = IDENTITY;
    struct call call = {.db = d->db, .messaging = &BACKEND, .identity = &identity};
    return password_login_run(&d->fixture.scope, &call, attempt, ret, ret_retry_after_s);
}

static result sign_in_as(struct database *d, const char *org, const char *email,
                         const char *password) {
    const struct password_attempt attempt = attempt_of(org, email, password);
    struct login_result login;
    int64_t retry_after_s = 0;
    return sign_in(d, &attempt, &login, &retry_after_s);
}

static void the_right_password_opens_a_session(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    given_password(d, &acme.creator);
    const struct password_attempt attempt = attempt_of("acme", "Boss@Example.COM", PASSWORD);
    struct login_result login = {0};
    int64_t retry_after_s = 0;

    assert_ok(sign_in(d, &attempt, &login, &retry_after_s));

    struct principal who = {0};
    assert_ok(check_cookie(d, login.cookie_value, &who));
    assert_true(str_eq(who.actor.id, acme.creator.id));
    assert_true(str_eq(login.csrf, csrf_of_session(&d->fixture.scope, login.cookie_value)));
    assert_int_equal(login.epoch, acme.creator.epoch);
}

static const struct {
    const char *name, *org, *email, *password;
} REFUSED[] = {
    {"wrong password", "acme", "boss@example.com", "correct horse batterx"},
    {"empty password", "acme", "boss@example.com", ""},
    {"unknown organisation", "nowhere", "boss@example.com", PASSWORD},
    {"another organisation", "other", "ann@example.com", PASSWORD},
    {"unknown address", "acme", "nobody@example.com", PASSWORD},
    {"no address", "acme", "", PASSWORD},
    {"an address with a control character", "acme", "boss\n@example.com", PASSWORD},
    {"a person without a password", "acme", "plain@example.com", PASSWORD},
    {"a deactivated person", "acme", "gone@example.com", PASSWORD},
    {"an address of two people", "acme", "twice@example.com", PASSWORD},
};

static void given_everybody(struct database *d) {
    const struct company acme = given_company(d, "acme");
    (void) given_company(d, "other");
    given_password(d, &acme.creator);
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    given_password(d, &ann);
    (void) given_user(d, acme.org.id, "plain", ROLE_MEMBER);
    const struct user gone = given_user(d, acme.org.id, "gone", ROLE_MEMBER);
    given_password(d, &gone);
    const struct state_change change = change_of(d, &gone, SOURCE_SCIM);
    struct revoked revoked;
    assert_ok(user_deactivate(&d->fixture.scope, &BACKEND, d->db, &change, &revoked));
    const struct user first = given_user(d, acme.org.id, "twice", ROLE_MEMBER);
    given_password(d, &first);
    const struct user_profile same_address = {.user_name = STR("twice-more"),
                                              .email = STR("TWICE@example.com")};
    const struct user second = given_user(d, acme.org.id, "second", ROLE_MEMBER);
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    assert_ok(user_update_profile(&d->fixture.scope, tx, acme.org.id, second.id, &same_address));
    assert_ok(tx_commit(&d->fixture.scope, tx));
}

static void every_refusal_gives_the_same_reason(void **state) {
    struct database *d = *state;
    given_everybody(d);
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        const result r = sign_in_as(d, REFUSED[i].org, REFUSED[i].email, REFUSED[i].password);
        if (r.code != UNAUTHENTICATED || strcmp(d->fixture.scope.reason, "login.refused") != 0) {
            fail_msg("%s: %s", REFUSED[i].name, d->fixture.scope.reason);
        }
    }
}

/* Without a clock: the same number of calls to the database, and the hash runs for everybody. */
static int64_t calls_of(struct database *d, const char *org, const char *email) {
    const struct password_attempt attempt = attempt_of(org, email, "wrong password");
    struct password_login login = {0};
    struct db_fault fault = {.fail_at = 0};
    db_set_fault(d->db, &fault);
    assert_ok(password_login_begin(&d->fixture.scope, d->db, &attempt, &login));
    db_set_fault(d->db, NULL);
    assert_failed(password_login_verify(&d->fixture.scope, &login), &d->fixture.scope,
                  UNAUTHENTICATED, "login.refused");
    return fault.seen;
}

static void who_is_unknown_takes_the_path_of_who_is_known(void **state) {
    struct database *d = *state;
    given_everybody(d);
    const int64_t known = calls_of(d, "acme", "boss@example.com");
    assert_true(known > 3);
    assert_int_equal(calls_of(d, "acme", "nobody@example.com"), known);
    assert_int_equal(calls_of(d, "acme", "plain@example.com"), known);
    assert_int_equal(calls_of(d, "acme", "gone@example.com"), known);
    assert_int_equal(calls_of(d, "nowhere", "boss@example.com"), known);
    assert_int_equal(calls_of(d, "", ""), known);
}

static void an_account_is_throttled_after_its_attempts_even_with_the_right_password(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    given_password(d, &acme.creator);
    const struct password_attempt attempt = attempt_of("acme", "boss@example.com", PASSWORD);
    struct login_result login = {0};
    int64_t retry_after_s = 0;
    for (int64_t i = 0; i < LOGIN_ACCOUNT_ATTEMPTS; i++) {
        assert_int_equal(sign_in_as(d, "acme", "boss@example.com", "wrong password").code,
                         UNAUTHENTICATED);
    }

    assert_failed(sign_in(d, &attempt, &login, &retry_after_s), &d->fixture.scope, THROTTLED,
                  "login.throttled");
    assert_in_range(retry_after_s, LOGIN_WINDOW_S, LOGIN_WINDOW_S + 1);
    fake_clock_advance(&d->fixture.time, S_TO_US(LOGIN_WINDOW_S));
    assert_ok(sign_in(d, &attempt, &login, &retry_after_s));
}

static void an_unknown_account_is_throttled_alike(void **state) {
    struct database *d = *state;
    for (int64_t i = 0; i < LOGIN_ACCOUNT_ATTEMPTS; i++) {
        assert_int_equal(sign_in_as(d, "nowhere", "x@example.com", "wrong password").code,
                         UNAUTHENTICATED);
    }
    assert_int_equal(sign_in_as(d, "nowhere", "x@example.com", "wrong password").code, THROTTLED);
    assert_int_equal(sign_in_as(d, "nowhere", "y@example.com", "wrong password").code,
                     UNAUTHENTICATED);
}

static void a_success_gives_the_account_its_attempts_back(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    given_password(d, &acme.creator);
    for (int64_t i = 1; i < LOGIN_ACCOUNT_ATTEMPTS; i++) {
        (void) sign_in_as(d, "acme", "boss@example.com", "wrong password").code;
    }
    assert_ok(sign_in_as(d, "acme", "boss@example.com", PASSWORD));
    assert_ok(sign_in_as(d, "acme", "boss@example.com", PASSWORD));
}

static result count_from(struct database *d, const char *address, int64_t number) {
    const struct str account =
        str_format(d->fixture.scope.arena, "account-%lld", (long long) number);
    int64_t retry_after_s = 0;
    return login_throttle_count(&d->fixture.scope, d->db, account, str_from_c(address),
                                &retry_after_s);
}

static void an_address_is_throttled_over_all_accounts(void **state) {
    struct database *d = *state;
    for (int64_t i = 0; i < LOGIN_ADDRESS_ATTEMPTS; i++) {
        assert_ok(count_from(d, "192.0.2.7", i));
    }
    assert_int_equal(count_from(d, "192.0.2.7", 1000).code, THROTTLED);
    assert_ok(count_from(d, "192.0.2.8", 1000));
}

static void the_addresses_of_one_ipv6_network_count_as_one(void **state) {
    struct database *d = *state;
    for (int64_t i = 0; i < LOGIN_ADDRESS_ATTEMPTS; i++) {
        assert_ok(count_from(d, i % 2 == 0 ? "2001:db8::1" : "2001:db8::ffff", i));
    }
    assert_int_equal(count_from(d, "2001:db8:0:0:1::2", 1000).code, THROTTLED);
    assert_ok(count_from(d, "2001:db8:0:1::1", 1000));
}

static void the_sweeper_forgets_windows_that_are_over(void **state) {
    struct database *d = *state;
    assert_ok(count_from(d, "192.0.2.7", 1));
    fake_clock_advance(&d->fixture.time, S_TO_US(LOGIN_WINDOW_S));
    assert_ok(count_from(d, "192.0.2.8", 2));
    assert_ok(login_throttle_sweep(&d->fixture.scope, d->db));
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM login_throttle WHERE kind = $1 OR kind = $2",
                               STR("account"), STR("address")),
                     2);
}

static void a_deactivation_between_the_phases_refuses_the_session(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    given_password(d, &acme.creator);
    const struct password_attempt attempt = attempt_of("acme", "boss@example.com", PASSWORD);
    const struct state_change change = change_of(d, &acme.creator, SOURCE_SCIM);
    struct password_login login = {0};
    struct login_result signed_in = {0};
    struct revoked revoked;
    assert_ok(password_login_begin(scope, d->db, &attempt, &login));
    assert_ok(password_login_verify(scope, &login));

    assert_ok(user_deactivate(scope, &BACKEND, d->db, &change, &revoked));
    assert_failed(password_login_finish(scope, &IDENTITY, &BACKEND, d->db, &login, &signed_in),
                  scope, UNAUTHENTICATED, "login.refused");
    assert_ok(user_reactivate(scope, &BACKEND, d->db, &change));
    assert_failed(password_login_finish(scope, &IDENTITY, &BACKEND, d->db, &login, &signed_in),
                  scope, UNAUTHENTICATED, "login.refused");
}

static void neither_address_nor_password_nor_token_reaches_the_log(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    d->fixture.env.log = log_new_kept();
    const struct company acme = given_company(d, "acme");
    given_password(d, &acme.creator);
    const struct password_attempt attempt = attempt_of("acme", "boss@example.com", PASSWORD);
    struct login_result login = {0};
    int64_t retry_after_s = 0;
    assert_ok(sign_in(d, &attempt, &login, &retry_after_s));
    assert_int_equal(sign_in_as(d, "acme", "boss@example.com", "wrong canary").code,
                     UNAUTHENTICATED);
    const struct state_change change = change_of(d, &acme.creator, SOURCE_SCIM);
    struct revoked revoked;
    assert_ok(user_deactivate(scope, &BACKEND, d->db, &change, &revoked));

    const struct str lines = log_kept(scope->arena, d->fixture.env.log);
    assert_int_equal(str_find(lines, STR("example.com")), -1);
    assert_int_equal(str_find(lines, STR("canary")), -1);
    assert_int_equal(str_find(lines, STR("correct horse")), -1);
    assert_int_equal(str_find(lines, str_from(login.cookie_value, 37)), -1);
    log_free(&d->fixture.env.log);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_right_password_opens_a_session),
        ON_BOTH(every_refusal_gives_the_same_reason),
        ON_BOTH(who_is_unknown_takes_the_path_of_who_is_known),
        ON_BOTH(an_account_is_throttled_after_its_attempts_even_with_the_right_password),
        ON_BOTH(an_unknown_account_is_throttled_alike),
        ON_BOTH(a_success_gives_the_account_its_attempts_back),
        ON_BOTH(an_address_is_throttled_over_all_accounts),
        ON_BOTH(the_addresses_of_one_ipv6_network_count_as_one),
        ON_BOTH(the_sweeper_forgets_windows_that_are_over),
        ON_BOTH(a_deactivation_between_the_phases_refuses_the_session),
        ON_BOTH(neither_address_nor_password_nor_token_reaches_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
