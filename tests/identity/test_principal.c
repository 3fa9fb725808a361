#include "base/crypto.h"
#include "base/log.h"
#include "identity/principal.h"
#include "tests/identity/known.h"

#include <string.h>

static const struct statement SET_ORG_STATE = {"test.org_state", TENANT,
                                               "UPDATE org SET state = $2 WHERE org_id = $1", NULL};
static const struct statement SET_CONNECTION_STATE = {
    "test.connection_state", TENANT, "UPDATE connection SET state = $2 WHERE org_id = $1", NULL};

static void the_cookie_of_a_session_says_who_knocks(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_ADMIN);
    const struct session_secret session = given_session(d, &ann);

    struct principal who = {0};
    assert_ok(check_cookie(d, session.cookie_value, &who));

    assert_true(str_eq(who.actor.id, ann.id));
    assert_true(str_eq(who.actor.org_id, ann.org_id));
    assert_true(str_eq(who.actor.credential_id, session.id));
    assert_int_equal(who.actor.kind, ACTOR_USER);
    assert_int_equal(who.actor.role, ROLE_ADMIN);
    assert_int_equal(who.actor.epoch, ann.epoch);
    assert_int_equal(who.expires_us, d->fixture.time.now_us + IDENTITY.session_idle_us);
    assert_non_null(who.actor.credential_guard);
}

static void a_changed_letter_is_an_unknown_credential(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    char *changed = arena_alloc(d->fixture.scope.arena, session.cookie_value.len);
    memcpy(changed, session.cookie_value.at, session.cookie_value.len);
    changed[session.cookie_value.len - 3] ^= 1;

    struct principal who = {0};
    assert_failed(check_cookie(d, (struct str){changed, session.cookie_value.len}, &who),
                  &d->fixture.scope, UNAUTHENTICATED, "credential.unknown");
}

static void a_session_under_another_organisation_is_unknown(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    const struct session_secret session = given_session(d, &acme.creator);
    const struct str moved = str_format(d->fixture.scope.arena, "%.*s%.*s", STR_ARG(other.org.id),
                                        STR_ARG(str_from(session.cookie_value, 36)));

    struct principal who = {0};
    assert_failed(check_cookie(d, moved, &who), &d->fixture.scope, UNAUTHENTICATED,
                  "credential.unknown");
}

static void an_idle_session_ends(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    struct principal who = {0};

    fake_clock_advance(&d->fixture.time, IDENTITY.session_idle_us);
    assert_failed(check_cookie(d, session.cookie_value, &who), &d->fixture.scope, UNAUTHENTICATED,
                  "credential.unknown");
}

static void a_session_in_use_lives_on_until_its_absolute_end(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    const int64_t step_us = IDENTITY.session_idle_us - S_TO_US(1);
    const int64_t end_us = d->fixture.time.now_us + IDENTITY.session_absolute_us;
    struct principal who = {0};

    while (d->fixture.time.now_us + step_us < end_us) {
        fake_clock_advance(&d->fixture.time, step_us);
        assert_ok(check_cookie(d, session.cookie_value, &who));
    }
    fake_clock_advance(&d->fixture.time, end_us - d->fixture.time.now_us - 1);
    assert_ok(check_cookie(d, session.cookie_value, &who));
    fake_clock_advance(&d->fixture.time, 1);
    assert_failed(check_cookie(d, session.cookie_value, &who), &d->fixture.scope, UNAUTHENTICATED,
                  "credential.unknown");
}

static int64_t seen_us(struct database *d, struct str org_id, struct str id) {
    return number_of(d, "SELECT seen_us FROM session WHERE org_id = $1 AND id = $2", org_id, id);
}

static void a_use_is_noted_at_most_once_a_minute(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    const int64_t made_us = d->fixture.time.now_us;
    struct principal who = {0};

    fake_clock_advance(&d->fixture.time, S_TO_US(60) - 1);
    assert_ok(check_cookie(d, session.cookie_value, &who));
    assert_int_equal(seen_us(d, acme.org.id, session.id), made_us);
    fake_clock_advance(&d->fixture.time, 1);
    assert_ok(check_cookie(d, session.cookie_value, &who));
    assert_int_equal(seen_us(d, acme.org.id, session.id), made_us + S_TO_US(60));
}

static void a_use_that_cannot_be_noted_is_no_reason_to_refuse(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    fake_clock_advance(&d->fixture.time, S_TO_US(61));
    struct db_fault fault = {.fail_at = 2};
    struct principal who = {0};

    db_set_fault(d->db, &fault);
    assert_ok(check_cookie(d, session.cookie_value, &who));
    db_set_fault(d->db, NULL);
}

static void a_database_that_is_away_is_neither_yes_nor_no(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    struct db_fault fault = {.fail_at = 1};
    struct principal who = {0};

    db_set_fault(d->db, &fault);
    assert_int_equal(check_cookie(d, session.cookie_value, &who).code, UNAVAILABLE);
    db_set_fault(d->db, NULL);
}

static const struct {
    const char *state;
    bool is_let_in, is_closing;
} ORG_STATES[] = {
    {"active", true, false},   {"suspended", false, false}, {"closing", true, true},
    {"erasing", false, false}, {"erased", false, false},
};

static void the_state_of_the_organisation_decides_too(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    for (size_t i = 0; i < sizeof ORG_STATES / sizeof *ORG_STATES; i++) {
        given_row(d, &SET_ORG_STATE,
                  VALUES(value_text(acme.org.id), value_text(str_from_c(ORG_STATES[i].state))));
        struct principal who = {0};
        assert_int_equal(is_ok(check_cookie(d, session.cookie_value, &who)),
                         ORG_STATES[i].is_let_in);
        assert_int_equal(who.is_org_closing, ORG_STATES[i].is_closing);
    }
}

static void a_token_says_whose_hand_it_is(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct api_token scim = {0};
    struct api_token admin = {0};
    const struct str scim_secret = given_token(d, &acme.creator, CREDENTIAL_SCIM_TOKEN, &scim);
    const struct str admin_secret = given_token(d, &acme.creator, CREDENTIAL_ADMIN_TOKEN, &admin);
    assert_true(str_has_prefix(scim_secret, STR("ghs_")));
    assert_true(str_has_prefix(admin_secret, STR("gha_")));

    struct principal who = {0};
    assert_ok(check_bearer(d, scim_secret, &who));
    assert_int_equal(who.kind, CREDENTIAL_SCIM_TOKEN);
    assert_true(str_eq(who.actor.made_by, acme.creator.id));
    assert_int_equal(who.actor.kind, ACTOR_CONNECTION);
    assert_true(str_eq(who.actor.id, scim.connection_id));
    assert_str(who.scopes, "");
    assert_ok(check_bearer(d, admin_secret, &who));
    assert_int_equal(who.actor.kind, ACTOR_USER);
    assert_int_equal(who.actor.role, ROLE_CREATOR);
    assert_true(str_eq(who.actor.id, acme.creator.id));
}

static void a_token_of_another_kind_is_not_taken_for_one(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct api_token token = {0};
    const struct str secret = given_token(d, &acme.creator, CREDENTIAL_SCIM_TOKEN, &token);
    const struct str as_admin =
        str_format(d->fixture.scope.arena, "gha_%.*s", STR_ARG(str_from(secret, 4)));

    struct principal who = {0};
    assert_failed(check_bearer(d, as_admin, &who), &d->fixture.scope, UNAUTHENTICATED,
                  "credential.unknown");
}

static void an_expired_token_is_unknown(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct api_token token = {0};
    const struct str secret = given_token(d, &acme.creator, CREDENTIAL_SCIM_TOKEN, &token);
    struct principal who = {0};

    fake_clock_advance(&d->fixture.time, S_TO_US(3600) - 1);
    assert_ok(check_bearer(d, secret, &who));
    fake_clock_advance(&d->fixture.time, 1);
    assert_failed(check_bearer(d, secret, &who), &d->fixture.scope, UNAUTHENTICATED,
                  "credential.unknown");
}

static void a_token_of_a_disabled_connection_is_unknown(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct api_token token = {0};
    const struct str secret = given_token(d, &acme.creator, CREDENTIAL_SCIM_TOKEN, &token);
    given_row(d, &SET_CONNECTION_STATE,
              VALUES(value_text(acme.org.id), value_text(STR("disabled"))));

    struct principal who = {0};
    assert_failed(check_bearer(d, secret, &who), &d->fixture.scope, UNAUTHENTICATED,
                  "credential.unknown");
}

static const char *const MALFORMED_COOKIES[] = {
    "",
    "x",
    "01234567-89ab-7def-8123-456789abcdef",
    "01234567-89ab-7def-8123-456789abcdef.",
    "01234567-89ab-7def-8123-456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "01234567-89ab-7def-8123-456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "01234567-89ab-7def-8123-456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "01234567-89ab-7def-8123-456789abcdef.AAAAAAAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAAAAAAAA",
    "01234567-89AB-7def-8123-456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "0123456789ab-7def-8123-456789abcdef-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

static void what_cannot_be_one_of_our_cookies_is_refused_unseen(void **state) {
    struct fixture *f = *state;
    struct credential credential;
    assert_ok(credential_parse_session(
        &f->scope,
        STR("01234567-89ab-7def-8123-456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        &credential));
    for (size_t i = 0; i < sizeof MALFORMED_COOKIES / sizeof *MALFORMED_COOKIES; i++) {
        assert_failed(
            credential_parse_session(&f->scope, str_from_c(MALFORMED_COOKIES[i]), &credential),
            &f->scope, UNAUTHENTICATED, "credential.malformed");
    }
}

#define SECRET "01234567-89ab-7def-8123-456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char *const MALFORMED_BEARERS[] = {
    "",
    "Bearer",
    "Bearer ",
    "Bearer " SECRET,
    "Bearer ghx_" SECRET,
    "Basic ghs_" SECRET,
    "ghs_" SECRET,
    "Bearer ghs_" SECRET "A",
    "Bearer ghs_" SECRET " x",
    "Bearer GHS_" SECRET,
};

static void what_cannot_be_one_of_our_tokens_is_refused_unseen(void **state) {
    struct fixture *f = *state;
    struct credential credential;
    assert_ok(credential_parse_bearer(&f->scope, STR("Bearer ghs_" SECRET), &credential));
    assert_int_equal(credential.kind, CREDENTIAL_SCIM_TOKEN);
    assert_ok(credential_parse_bearer(&f->scope, STR("bearer gha_" SECRET), &credential));
    assert_int_equal(credential.kind, CREDENTIAL_ADMIN_TOKEN);
    assert_ok(credential_parse_bearer(&f->scope, STR("BEARER ghb_" SECRET), &credential));
    assert_int_equal(credential.kind, CREDENTIAL_BOT_TOKEN);
    for (size_t i = 0; i < sizeof MALFORMED_BEARERS / sizeof *MALFORMED_BEARERS; i++) {
        assert_failed(
            credential_parse_bearer(&f->scope, str_from_c(MALFORMED_BEARERS[i]), &credential),
            &f->scope, UNAUTHENTICATED, "credential.malformed");
    }
}

static void a_call_with_a_cookie_needs_the_value_that_came_with_the_session(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    const struct session_secret other = given_session(d, &acme.creator);
    struct principal who = {0};
    assert_ok(check_cookie(d, session.cookie_value, &who));

    assert_ok(csrf_check(scope, &who, session.csrf));
    assert_ok(csrf_check(scope, &who, csrf_of_session(scope, session.cookie_value)));
    assert_failed(csrf_check(scope, &who, STR("")), scope, FORBIDDEN, "csrf.missing");
    assert_failed(csrf_check(scope, &who, other.csrf), scope, FORBIDDEN, "csrf.mismatch");
    assert_failed(csrf_check(scope, &who, who.csrf_hash), scope, FORBIDDEN, "csrf.mismatch");
    who.kind = CREDENTIAL_ADMIN_TOKEN;
    assert_ok(csrf_check(scope, &who, STR("")));
}

static void no_secret_is_stored(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);

    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM session WHERE token_hash = $1 OR "
                               "csrf_hash = $2",
                               session.cookie_value, session.csrf),
                     0);
    assert_int_equal(
        number_of(d, "SELECT count(*) FROM session WHERE token_hash = $1 AND csrf_hash = $2",
                  sha256_text(d->fixture.scope.arena, session.cookie_value),
                  sha256_text(d->fixture.scope.arena, session.csrf)),
        1);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_cookie_of_a_session_says_who_knocks),
        ON_BOTH(a_changed_letter_is_an_unknown_credential),
        ON_BOTH(a_session_under_another_organisation_is_unknown),
        ON_BOTH(an_idle_session_ends),
        ON_BOTH(a_session_in_use_lives_on_until_its_absolute_end),
        ON_BOTH(a_use_is_noted_at_most_once_a_minute),
        ON_BOTH(a_use_that_cannot_be_noted_is_no_reason_to_refuse),
        ON_BOTH(a_database_that_is_away_is_neither_yes_nor_no),
        ON_BOTH(the_state_of_the_organisation_decides_too),
        ON_BOTH(a_token_says_whose_hand_it_is),
        ON_BOTH(a_token_of_another_kind_is_not_taken_for_one),
        ON_BOTH(an_expired_token_is_unknown),
        ON_BOTH(a_token_of_a_disabled_connection_is_unknown),
        SENTENCE(what_cannot_be_one_of_our_cookies_is_refused_unseen),
        SENTENCE(what_cannot_be_one_of_our_tokens_is_refused_unseen),
        ON_BOTH(a_call_with_a_cookie_needs_the_value_that_came_with_the_session),
        ON_BOTH(no_secret_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
