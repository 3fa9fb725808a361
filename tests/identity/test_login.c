/* The one login completion: link, match once, or make; who is out stays out. */

#include "identity/connection.h"
#include "identity/identity.h"
#include "tests/identity/known.h"

#define CONNECTION "0190aaaa-0000-7000-8000-000000000001"

static const struct statement ADD_CONNECTION = {
    "test.connection", TENANT,
    "INSERT INTO connection (org_id, id, kind, name, state, config, version, tested_us, "
    "created_us, changed_us) VALUES ($1, $2, 'oidc', 'Provider', 'enabled', '{}', 1, 0, 0, 0)",
    NULL};

static struct company given_provider(struct database *d) {
    const struct company acme = given_company(d, "acme");
    given_row(d, &ADD_CONNECTION, VALUES(value_text(acme.org.id), value_text(STR(CONNECTION))));
    return acme;
}

static struct verified_identity verified(const struct company *company) {
    return (struct verified_identity){
        .org_id = company->org.id,
        .connection_id = STR(CONNECTION),
        .connection_version = 1,
        .method = "saml",
        .issuer = STR("https://provider.example"),
        .subject = STR("subject-1"),
        .user_name = STR("newcomer"),
        .email = STR("newcomer@example.com"),
        .display_name = STR("New Comer"),
    };
}

static result sign_in(struct database *d, const struct verified_identity *who,
                      struct login_result *ret) {
    struct identity identity = IDENTITY;
    const struct http_request request = {.request_id = STR("request-1")};
    struct call call = {
        .db = d->db, .messaging = &BACKEND, .identity = &identity, .request = &request};
    return login_complete(&d->fixture.scope, &call, who, NULL, ret);
}

static int64_t people_of(struct database *d, const struct company *company) {
    return number_of(d, "SELECT count(*) FROM org_user WHERE org_id = $1 AND org_id = $2",
                     company->org.id, company->org.id);
}

static void assert_refused(struct database *d, const struct verified_identity *who) {
    struct login_result login = {0};
    assert_failed(sign_in(d, who, &login), &d->fixture.scope, FORBIDDEN, "login.refused");
    assert_true(str_is_empty(login.cookie_value));
}

static void somebody_unknown_is_made_where_the_connection_says_so(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    struct login_result login = {0};

    assert_ok(sign_in(d, &who, &login));

    struct user made = {0};
    assert_ok(user_find(&d->fixture.scope, d->db, acme.org.id, login.user_id, &made));
    assert_str(made.user_name, "newcomer");
    assert_str(made.email, "newcomer@example.com");
    assert_int_equal(made.role, ROLE_MEMBER);
    struct principal session = {0};
    assert_ok(check_cookie(d, login.cookie_value, &session));
    assert_str(session.connection_id, CONNECTION);
}

static void somebody_unknown_is_refused_where_it_does_not(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_MATCH;

    assert_refused(d, &who);
    assert_int_equal(people_of(d, &acme), 1);
}

static void the_second_sign_in_finds_the_person_of_the_first(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    struct login_result first = {0};
    struct login_result second = {0};
    assert_ok(sign_in(d, &who, &first));
    who.user_name = STR("renamed");
    who.email = STR("other@example.com");

    assert_ok(sign_in(d, &who, &second));

    assert_true(str_eq(first.user_id, second.user_id));
    assert_false(str_eq(first.session_id, second.session_id));
    assert_int_equal(people_of(d, &acme), 2);
}

static void the_same_subject_of_another_issuer_is_somebody_else(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
    who.issuer = STR("https://provider.example/");
    who.user_name = STR("another");
    who.email = STR("another@example.com");
    struct login_result other = {0};

    assert_ok(sign_in(d, &who, &other));
    assert_false(str_eq(login.user_id, other.user_id));
}

static void a_deactivated_person_is_refused_and_never_made_again(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
    struct user user = {0};
    assert_ok(user_find(&d->fixture.scope, d->db, acme.org.id, login.user_id, &user));
    const struct state_change change = change_of(d, &user, SOURCE_SCIM);
    struct revoked revoked;
    assert_ok(user_deactivate(&d->fixture.scope, &BACKEND, d->db, &change, &revoked));

    assert_refused(d, &who);
    who.subject = STR("subject-2"); /* the provider made a new account for the leaver */
    assert_refused(d, &who);
    assert_int_equal(people_of(d, &acme), 2);
}

static void a_leaver_who_never_signed_in_is_not_made_anew(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);
    const struct state_change change = change_of(d, &leaver, SOURCE_SCIM);
    struct revoked revoked;
    assert_ok(user_deactivate(&d->fixture.scope, &BACKEND, d->db, &change, &revoked));
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;

    who.email = STR("LEAVER@example.com"); /* same address, new name */
    assert_refused(d, &who);
    who.email = STR("");
    who.user_name = STR("Leaver"); /* same name, no address */
    assert_refused(d, &who);
    who.user_name = STR("somebody-else");
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
}

static struct user given_directory_user(struct database *d, const struct company *company) {
    const struct user_profile profile = {
        .user_name = STR("jdoe"), .email = STR("jdoe@example.com"), .external_id = STR("ext-7")};
    struct user user = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    assert_ok(
        user_create(&d->fixture.scope, tx, company->org.id, &profile, ROLE_MEMBER, true, &user));
    assert_ok(tx_commit(&d->fixture.scope, tx));
    return user;
}

static const struct {
    const char *name;
    enum match_attribute attribute;
    const char *value;
    bool is_verified, is_proved, is_matched;
} MATCHES[] = {
    {"external id", MATCH_EXTERNAL_ID, "ext-7", false, false, true},
    {"external id in another case", MATCH_EXTERNAL_ID, "EXT-7", false, false, false},
    {"user name", MATCH_USER_NAME, "JDoe", false, false, true},
    {"another name", MATCH_USER_NAME, "jdoe2", false, false, false},
    {"nothing", MATCH_USER_NAME, "", false, false, false},
    {"address, verified, domain proved", MATCH_EMAIL, "jdoe@example.com", true, true, true},
    {"address, not verified", MATCH_EMAIL, "jdoe@example.com", false, true, false},
    {"address, domain not proved", MATCH_EMAIL, "jdoe@example.com", true, false, false},
};

static void try_match(struct database *d, const struct company *acme, size_t i) {
    static const struct statement FORGET = {"test.forget", TENANT,
                                            "DELETE FROM identity_link WHERE org_id = $1", NULL};
    struct verified_identity who = verified(acme);
    who.match_attribute = MATCHES[i].attribute;
    who.match_value = str_from_c(MATCHES[i].value);
    who.is_email_verified = MATCHES[i].is_verified;
    who.is_domain_proved = MATCHES[i].is_proved;
    struct login_result login = {0};
    if (is_ok(sign_in(d, &who, &login)) != MATCHES[i].is_matched) {
        fail_msg("%s", MATCHES[i].name);
    }
    given_row(d, &FORGET, VALUES(value_text(acme->org.id)));
}

static void a_directorys_person_is_matched_by_the_connections_rule_alone(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    (void) given_directory_user(d, &acme);
    for (size_t i = 0; i < sizeof MATCHES / sizeof *MATCHES; i++) {
        try_match(d, &acme, i);
    }
    assert_int_equal(people_of(d, &acme), 2);
}

static void who_is_linked_is_not_linked_to_a_second_subject(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    const struct user jdoe = given_directory_user(d, &acme);
    struct verified_identity who = verified(&acme);
    who.match_attribute = MATCH_USER_NAME;
    who.match_value = STR("jdoe");
    who.provisioning = PROVISION_JIT;
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
    assert_true(str_eq(login.user_id, jdoe.id));
    who.subject = STR("subject-2"); /* the name went to a successor */

    assert_refused(d, &who);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM audit WHERE subject_id = $1 AND action = $2",
                               jdoe.id, STR("user.linked")),
                     1);
}

static void a_person_of_another_organisation_is_never_found(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    const struct company other = given_company(d, "other");
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
    who.org_id = other.org.id;
    who.provisioning = PROVISION_MATCH;

    assert_refused(d, &who);
}

static void set_connection(struct database *d, const struct company *acme, const char *state,
                           int64_t version) {
    static const struct statement SET = {
        "test.set_connection", TENANT,
        "UPDATE connection SET state = $2, version = $3 WHERE org_id = $1", NULL};
    given_row(
        d, &SET,
        VALUES(value_text(acme->org.id), value_text(str_from_c(state)), value_number(version)));
}

static void who_was_judged_by_a_connection_that_has_closed_since_is_refused(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    set_connection(d, &acme, "disabled", 1);
    assert_refused(d, &who);
    set_connection(d, &acme, "enabled", 2); /* other settings, by which nobody has judged */
    assert_refused(d, &who);
    assert_int_equal(people_of(d, &acme), 1);
    set_connection(d, &acme, "enabled", 1);
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
}

static enum role role_of(struct database *d, const struct company *acme,
                         const struct login_result *login) {
    struct user user = {0};
    assert_ok(user_find(&d->fixture.scope, d->db, acme->org.id, login->user_id, &user));
    return user.role;
}

static int64_t audited(struct database *d, struct str user_id, struct str action) {
    return number_of(d, "SELECT count(*) FROM audit WHERE subject_id = $1 AND action = $2", user_id,
                     action);
}

static void groups_raise_and_lower_the_role_at_sign_in(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    who.has_role = true;
    who.role = ROLE_ADMIN;
    struct login_result first = {0};
    struct login_result second = {0};
    struct principal session = {0};
    assert_ok(sign_in(d, &who, &first));
    assert_int_equal(role_of(d, &acme, &first), ROLE_ADMIN);
    assert_ok(check_cookie(d, first.cookie_value, &session));

    who.role = ROLE_MEMBER;
    assert_ok(sign_in(d, &who, &second));

    assert_int_equal(role_of(d, &acme, &second), ROLE_MEMBER);
    /* what was opened with more rights is closed */
    assert_int_equal(check_cookie(d, first.cookie_value, &session).code, UNAUTHENTICATED);
    assert_ok(check_cookie(d, second.cookie_value, &session));
    assert_int_equal(session.actor.role, ROLE_MEMBER);
    assert_int_equal(audited(d, first.user_id, STR("user.role_changed")), 2);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM revocation WHERE org_id = $1 AND subject = $2",
                               acme.org.id, first.session_id),
                     1);
}

static void a_raised_role_ends_no_session(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    struct login_result first = {0};
    struct login_result second = {0};
    struct principal session = {0};
    assert_ok(sign_in(d, &who, &first));
    who.has_role = true;
    who.role = ROLE_ADMIN;
    assert_ok(sign_in(d, &who, &second));
    assert_ok(check_cookie(d, first.cookie_value, &session));
}

static void who_is_in_no_group_is_lowered_but_never_raised(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    who.has_role = true;
    who.role = ROLE_GUEST;
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
    who.role = ROLE_MEMBER;
    who.is_role_highest = true;
    assert_ok(sign_in(d, &who, &login));
    assert_int_equal(role_of(d, &acme, &login), ROLE_GUEST);
    who.role = ROLE_ADMIN;
    who.is_role_highest = false;
    assert_ok(sign_in(d, &who, &login));
    who.role = ROLE_MEMBER;
    who.is_role_highest = true;
    assert_ok(sign_in(d, &who, &login));
    assert_int_equal(role_of(d, &acme, &login), ROLE_MEMBER);
    who.has_role = false; /* too many groups to say: unknown, not none */
    assert_ok(sign_in(d, &who, &login));
    assert_int_equal(role_of(d, &acme, &login), ROLE_MEMBER);
}

static struct verified_identity matched_by_name(const struct company *acme,
                                                const struct user *user) {
    struct verified_identity who = verified(acme);
    who.match_attribute = MATCH_USER_NAME;
    who.match_value = user->user_name;
    return who;
}

static const struct statement MAKE_CREATOR = {
    "test.make_creator", TENANT,
    "UPDATE org_user SET role = 'creator' WHERE org_id = $1 AND id = $2", NULL};

static void a_linked_owner_stays_owner_whatever_the_groups_say(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    const struct user owner = given_user(d, acme.org.id, "owner", ROLE_ADMIN);
    struct verified_identity who = matched_by_name(&acme, &owner);
    struct login_result login = {0};
    assert_ok(sign_in(d, &who, &login));
    given_row(d, &MAKE_CREATOR, VALUES(value_text(acme.org.id), value_text(owner.id)));
    who.has_role = true;
    who.role = ROLE_MEMBER;

    assert_ok(sign_in(d, &who, &login));

    assert_true(str_eq(login.user_id, owner.id));
    assert_int_equal(role_of(d, &acme, &login), ROLE_CREATOR);
    assert_int_equal(audited(d, owner.id, STR("user.role_kept")), 1);
}

/* Whatever finds the account: an administrator's own provider may say any of them. */
static void a_first_sign_in_never_reaches_a_creator(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = matched_by_name(&acme, &acme.creator);
    who.is_email_verified = true;
    who.is_domain_proved = true;
    struct login_result login = {0};
    for (enum provision_rule rule = 0; rule < PROVISION_RULE_COUNT; rule++) {
        who.provisioning = rule;
        who.match_attribute = MATCH_USER_NAME;
        who.match_value = acme.creator.user_name;
        assert_refused(d, &who);
        assert_failed(sign_in(d, &who, &login), &d->fixture.scope, FORBIDDEN, "login.refused");
        assert_string_equal(login.refused, "login.creator");
        who.match_attribute = MATCH_EMAIL;
        who.match_value = acme.creator.email;
        assert_refused(d, &who);
    }
    assert_int_equal(audited(d, acme.creator.id, STR("user.linked")), 0);
    assert_int_equal(people_of(d, &acme), 1);

    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    who = matched_by_name(&acme, &admin); /* one role below: the rule, not the connection */
    assert_ok(sign_in(d, &who, &login));
    assert_true(str_eq(login.user_id, admin.id));
}

static void a_session_lasts_no_longer_than_the_providers(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    who.end_us = d->fixture.time.now_us + S_TO_US(60);
    struct login_result login = {0};
    struct principal session = {0};
    assert_ok(sign_in(d, &who, &login));
    fake_clock_advance(&d->fixture.time, S_TO_US(59));
    assert_ok(check_cookie(d, login.cookie_value, &session));
    fake_clock_advance(&d->fixture.time, S_TO_US(1));
    assert_int_equal(check_cookie(d, login.cookie_value, &session).code, UNAUTHENTICATED);
}

static void a_database_that_fails_says_neither_yes_nor_no(void **state) {
    struct database *d = *state;
    const struct company acme = given_provider(d);
    struct verified_identity who = verified(&acme);
    who.provisioning = PROVISION_JIT;
    struct login_result login = {0};
    result r = {INTERNAL};
    for (int64_t n = 1; !is_ok(r); n++) {
        assert_in_range(n, 1, 60);
        struct db_fault fault = {.fail_at = n};
        db_set_fault(d->db, &fault);
        r = sign_in(d, &who, &login);
        db_set_fault(d->db, NULL);
        assert_true(is_ok(r) || r.code == UNAVAILABLE);
        assert_int_equal(people_of(d, &acme), is_ok(r) ? 2 : 1);
    }
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(somebody_unknown_is_made_where_the_connection_says_so),
        ON_BOTH(somebody_unknown_is_refused_where_it_does_not),
        ON_BOTH(the_second_sign_in_finds_the_person_of_the_first),
        ON_BOTH(the_same_subject_of_another_issuer_is_somebody_else),
        ON_BOTH(a_deactivated_person_is_refused_and_never_made_again),
        ON_BOTH(a_leaver_who_never_signed_in_is_not_made_anew),
        ON_BOTH(a_directorys_person_is_matched_by_the_connections_rule_alone),
        ON_BOTH(who_is_linked_is_not_linked_to_a_second_subject),
        ON_BOTH(a_person_of_another_organisation_is_never_found),
        ON_BOTH(who_was_judged_by_a_connection_that_has_closed_since_is_refused),
        ON_BOTH(groups_raise_and_lower_the_role_at_sign_in),
        ON_BOTH(a_raised_role_ends_no_session),
        ON_BOTH(who_is_in_no_group_is_lowered_but_never_raised),
        ON_BOTH(a_linked_owner_stays_owner_whatever_the_groups_say),
        ON_BOTH(a_first_sign_in_never_reaches_a_creator),
        ON_BOTH(a_session_lasts_no_longer_than_the_providers),
        ON_BOTH(a_database_that_fails_says_neither_yes_nor_no),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
