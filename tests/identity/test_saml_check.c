/* Each rule of a Response broken alone; skew on both sides of every border. */

#include "base/time_text.h"
#include "identity/saml/saml_check.h"
#include "tests/support/fixture.h"

#define ACS     "https://chat.example/saml/c-1/acs"
#define SP      "https://chat.example/saml/c-1/metadata"
#define IDP     "https://idp.example/entity"
#define REQUEST "_0123456789abcdef0123456789abcdef01234567"
#define BEARER  "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define CLASS   "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

enum { NOW_S = 1800000000, SKEW_S = 120 };

static struct saml_time at(int64_t s) {
    return (struct saml_time){true, S_TO_US(s)};
}

static struct str audiences[] = {STR_INIT("https://other.example"), STR_INIT(SP)};
static struct str foreign[] = {STR_INIT("https://other.example")};
static const struct str classes[] = {STR_INIT("urn:other"), STR_INIT(CLASS)};

/* As a provider makes it: everything there, everything fine. */
static struct saml_response good(void) {
    struct saml_response response = {
        .id = STR("_r"),
        .version = STR("2.0"),
        .issue_instant = at(NOW_S),
        .has_destination = true,
        .has_in_response_to = true,
        .has_issuer = true,
        .destination = STR(ACS),
        .in_response_to = STR(REQUEST),
        .issuer = STR(IDP),
        .status = STR(SUCCESS),
        .has_assertion = true,
        .protection = {.is_message_signed = true},
    };
    response.assertion = (struct saml_assertion){
        .id = STR("_a"),
        .version = STR("2.0"),
        .issuer = STR(IDP),
        .issue_instant = at(NOW_S),
        .subject_count = 1,
        .name_id_count = 1,
        .name_id = {.value = STR("alice")},
        .confirmation_count = 1,
        .confirmations = {{.method = STR(BEARER),
                           .data_count = 1,
                           .recipient = STR(ACS),
                           .in_response_to = STR(REQUEST),
                           .not_on_or_after = at(NOW_S + 300)}},
        .conditions_count = 1,
        .not_before = at(NOW_S),
        .not_on_or_after = at(NOW_S + 300),
        .restriction_count = 1,
        .restrictions = {{2, audiences}},
        .authn = {.count = 1,
                  .class_ref = STR(CLASS),
                  .authn_instant = at(NOW_S),
                  .session_not_on_or_after = at(NOW_S + 3600)},
    };
    return response;
}

static struct saml_want wanted(void) {
    return (struct saml_want){
        .acs_url = STR(ACS),
        .idp_entity_id = STR(IDP),
        .sp_entity_id = STR(SP),
        .request_id = STR(REQUEST),
        .now_us = S_TO_US(NOW_S),
        .skew_us = S_TO_US(SKEW_S),
    };
}

/* A change of the message, or of what is wanted. */
typedef void (*change_function)(struct saml_response *r, struct saml_want *w);

#define CHANGE(name, statement)                                                                    \
    static void name(struct saml_response *r, struct saml_want *w) {                               \
        struct saml_assertion *a = &r->assertion;                                                  \
        struct saml_confirmation *c = &a->confirmations[0];                                        \
        (void) w, (void) a, (void) c;                                                              \
        statement;                                                                                 \
    }

CHANGE(nothing, (void) r)
CHANGE(old_response, r->version = STR("1.1"))
CHANGE(old_assertion, a->version = STR("1.1"))
CHANGE(no_version, a->version = STR(""))
CHANGE(failed, r->status = STR("urn:oasis:names:tc:SAML:2.0:status:Responder"))
CHANGE(unknown_status, r->status = STR(""))
CHANGE(without_assertion, r->has_assertion = false)
CHANGE(other_destination, r->destination = STR(ACS "/"))
CHANGE(no_destination, (r->has_destination = false, r->destination = STR("")))
CHANGE(no_destination_unsigned, (no_destination(r, w), r->protection.is_message_signed = false))
CHANGE(other_destination_unsigned,
       (other_destination(r, w), r->protection.is_message_signed = false))
CHANGE(other_request, r->in_response_to = STR("_other"))
CHANGE(no_request, (r->has_in_response_to = false, r->in_response_to = STR("")))
CHANGE(asked_for_nothing, w->request_id = STR(""))
CHANGE(other_issuer, a->issuer = STR("https://idp.example/entity/"))
CHANGE(no_issuer, a->issuer = STR(""))
CHANGE(other_response_issuer, r->issuer = STR("https://evil.example"))
CHANGE(no_response_issuer, (r->has_issuer = false, r->issuer = STR("")))
CHANGE(old, a->issue_instant = at(NOW_S - 3601))
CHANGE(an_hour_old, a->issue_instant = at(NOW_S - 3600))
CHANGE(from_the_future, a->issue_instant = at(NOW_S + SKEW_S + 1))
CHANGE(as_far_ahead_as_clocks_may, a->issue_instant = at(NOW_S + SKEW_S))
CHANGE(no_instant, a->issue_instant.is_present = false)
CHANGE(old_message, r->issue_instant = at(NOW_S - 3601))
CHANGE(no_subject, a->subject_count = 0)
CHANGE(two_subjects, a->subject_count = 2)
CHANGE(no_name, a->name_id_count = 0)
CHANGE(two_names, a->name_id_count = 2)
CHANGE(empty_name, a->name_id.value = STR(""))
CHANGE(blank_before, a->name_id.value = STR(" alice"))
CHANGE(blank_behind, a->name_id.value = STR("alice "))
CHANGE(blank_inside, a->name_id.value = STR("alice of acme"))
CHANGE(control_in_name, a->name_id.value = STR("ali\nce"))
CHANGE(nul_in_name, a->name_id.value = STR("alice\0evil"))
CHANGE(transient, a->name_id.format = STR("urn:oasis:names:tc:SAML:2.0:nameid-format:transient"))
CHANGE(transient_with_attribute, (transient(r, w), w->has_subject_attribute = true))
CHANGE(holder_of_key, c->method = STR("urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"))
CHANGE(no_confirmation, a->confirmation_count = 0)
CHANGE(no_data, c->data_count = 0)
CHANGE(two_data, c->data_count = 2)
CHANGE(other_recipient, c->recipient = STR("https://chat.example/saml/c-2/acs"))
CHANGE(no_recipient, c->recipient = STR(""))
CHANGE(confirmation_without_end, c->not_on_or_after.is_present = false)
CHANGE(confirmation_with_begin, c->not_before = at(NOW_S - 1))
CHANGE(confirmation_over, c->not_on_or_after = at(NOW_S - SKEW_S))
CHANGE(confirmation_almost_over, c->not_on_or_after = at(NOW_S - SKEW_S + 1))
CHANGE(confirmation_of_other_request, c->in_response_to = STR("_other"))
CHANGE(confirmation_of_no_request, c->in_response_to = STR(""))
CHANGE(second_fits, (a->confirmations[1] = *c, a->confirmation_count = 2, no_recipient(r, w)))
CHANGE(none_of_two_fits, (no_recipient(r, w), a->confirmations[1] = *c, a->confirmation_count = 2))
CHANGE(other_method_beside,
       (a->confirmations[1] = *c, a->confirmation_count = 2, holder_of_key(r, w)))
CHANGE(no_conditions, a->conditions_count = 0)
CHANGE(two_conditions, a->conditions_count = 2)
CHANGE(too_early, a->not_before = at(NOW_S + SKEW_S + 1))
CHANGE(hardly_early, a->not_before = at(NOW_S + SKEW_S))
CHANGE(over, a->not_on_or_after = at(NOW_S - SKEW_S))
CHANGE(almost_over, a->not_on_or_after = at(NOW_S - SKEW_S + 1))
CHANGE(no_audience, a->restriction_count = 0)
CHANGE(empty_audience, a->restrictions[0].count = 0)
CHANGE(other_audience, a->restrictions[0] = ((struct saml_restriction){1, foreign}))
CHANGE(second_restriction_foreign,
       (a->restrictions[1] = ((struct saml_restriction){1, foreign}), a->restriction_count = 2))
CHANGE(two_restrictions_with_us,
       (a->restrictions[1] = a->restrictions[0], a->restriction_count = 2))
CHANGE(strange_condition, a->has_unknown_condition = true)
CHANGE(no_authn, a->authn.count = 0)
CHANGE(session_over, a->authn.session_not_on_or_after = at(NOW_S - SKEW_S))
CHANGE(session_almost_over, a->authn.session_not_on_or_after = at(NOW_S - SKEW_S + 1))
CHANGE(session_without_end, a->authn.session_not_on_or_after.is_present = false)
CHANGE(asked_class, (w->class_refs = classes, w->class_ref_count = 2))
CHANGE(other_class, (asked_class(r, w), a->authn.class_ref = STR("urn:weak")))
CHANGE(no_class, (asked_class(r, w), a->authn.class_ref = STR("")))
CHANGE(fresh, w->authn_after_us = S_TO_US(NOW_S + SKEW_S))
CHANGE(stale, w->authn_after_us = S_TO_US(NOW_S + SKEW_S + 1))
CHANGE(no_authn_instant, (fresh(r, w), a->authn.authn_instant.is_present = false))

static const struct {
    const char *name;
    change_function change;
    const char *reason; /* NULL: accepted */
} CASES[] = {
    {"nothing changed", nothing, NULL},
    {"Response of version 1.1", old_response, "saml.version"},
    {"Assertion of version 1.1", old_assertion, "saml.version"},
    {"no version", no_version, "saml.version"},
    {"failed, with an assertion", failed, "saml.status"},
    {"status we do not know", unknown_status, "saml.status"},
    {"success without an assertion", without_assertion, "saml.status"},
    {"another destination", other_destination, "saml.destination"},
    {"signed without a destination", no_destination, "saml.destination"},
    {"unsigned without a destination", no_destination_unsigned, NULL},
    {"unsigned with another destination", other_destination_unsigned, "saml.destination"},
    {"answer to another request", other_request, "saml.in_response_to"},
    {"answer to none", no_request, "saml.in_response_to"},
    {"answer where nothing was asked", asked_for_nothing, "saml.in_response_to"},
    {"another issuer", other_issuer, "saml.issuer"},
    {"empty issuer", no_issuer, "saml.issuer"},
    {"another issuer outside", other_response_issuer, "saml.issuer"},
    {"no issuer outside", no_response_issuer, NULL},
    {"too old", old, "saml.issue_instant"},
    {"as old as it may be", an_hour_old, NULL},
    {"of the future", from_the_future, "saml.issue_instant"},
    {"as far ahead as clocks may be", as_far_ahead_as_clocks_may, NULL},
    {"no instant", no_instant, "saml.issue_instant"},
    {"message too old", old_message, "saml.issue_instant"},
    {"no subject", no_subject, "saml.name_id"},
    {"two subjects", two_subjects, "saml.name_id"},
    {"no name", no_name, "saml.name_id"},
    {"two names", two_names, "saml.name_id"},
    {"empty name", empty_name, "saml.name_id"},
    {"blank before the name", blank_before, "saml.name_id"},
    {"blank behind the name", blank_behind, "saml.name_id"},
    {"blank inside the name", blank_inside, NULL},
    {"line feed in the name", control_in_name, "saml.name_id"},
    {"NUL in the name", nul_in_name, "saml.name_id"},
    {"transient name", transient, "saml.name_id"},
    {"transient name beside a subject attribute", transient_with_attribute, NULL},
    {"holder of key", holder_of_key, "saml.confirmation"},
    {"no confirmation", no_confirmation, "saml.confirmation"},
    {"no confirmation data", no_data, "saml.confirmation"},
    {"two confirmation data", two_data, "saml.confirmation"},
    {"another recipient", other_recipient, "saml.recipient"},
    {"no recipient", no_recipient, "saml.recipient"},
    {"confirmation without end", confirmation_without_end, "saml.confirmation"},
    {"confirmation with begin", confirmation_with_begin, "saml.confirmation"},
    {"confirmation over", confirmation_over, "saml.expired"},
    {"confirmation almost over", confirmation_almost_over, NULL},
    {"confirmation of another request", confirmation_of_other_request, "saml.in_response_to"},
    {"confirmation of no request", confirmation_of_no_request, "saml.in_response_to"},
    {"the second confirmation fits", second_fits, NULL},
    {"none of two confirmations fits", none_of_two_fits, "saml.confirmation"},
    {"holder of key beside a bearer", other_method_beside, NULL},
    {"no conditions", no_conditions, "saml.conditions"},
    {"conditions twice", two_conditions, "saml.conditions"},
    {"not yet valid", too_early, "saml.not_yet_valid"},
    {"early within the skew", hardly_early, NULL},
    {"over", over, "saml.expired"},
    {"over within the skew", almost_over, NULL},
    {"no audience", no_audience, "saml.audience"},
    {"empty audience", empty_audience, "saml.audience"},
    {"another audience", other_audience, "saml.audience"},
    {"a second restriction, foreign", second_restriction_foreign, "saml.audience"},
    {"two restrictions with us", two_restrictions_with_us, NULL},
    {"a condition nobody knows", strange_condition, "saml.condition"},
    {"no AuthnStatement", no_authn, "saml.authn_statement"},
    {"session over", session_over, "saml.session_expired"},
    {"session over within the skew", session_almost_over, NULL},
    {"session without end", session_without_end, NULL},
    {"the class that was asked for", asked_class, NULL},
    {"another class", other_class, "saml.authn_context"},
    {"no class", no_class, "saml.authn_context"},
    {"fresh within the skew", fresh, NULL},
    {"stale", stale, "saml.authn_stale"},
    {"no AuthnInstant", no_authn_instant, "saml.authn_stale"},
};

static void each_rule_is_broken_alone(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct saml_response response = good();
        struct saml_want want = wanted();
        struct saml_finding finding = {0};
        CASES[i].change(&response, &want);
        print_message("%s\n", CASES[i].name);
        const result checked = saml_check(&f->scope, &response, &want, &finding);
        if (CASES[i].reason == NULL) {
            assert_ok(checked);
        } else {
            assert_failed(checked, &f->scope, UNAUTHENTICATED, CASES[i].reason);
        }
    }
}

static void the_rules_come_in_their_order(void **state) {
    struct fixture *f = *state;
    struct saml_finding finding = {0};
    static const change_function ORDER[] = {old_response,      failed,
                                            other_destination, other_request,
                                            other_issuer,      old,
                                            no_name,           other_recipient,
                                            no_conditions,     other_audience,
                                            strange_condition, no_authn,
                                            other_class,       stale};
    static const char *const REASONS[] = {
        "saml.version",       "saml.status",        "saml.destination", "saml.in_response_to",
        "saml.issuer",        "saml.issue_instant", "saml.name_id",     "saml.recipient",
        "saml.conditions",    "saml.audience",      "saml.condition",   "saml.authn_statement",
        "saml.authn_context", "saml.authn_stale"};
    for (size_t first = 0; first < sizeof ORDER / sizeof *ORDER; first++) {
        struct saml_response response = good();
        struct saml_want want = wanted();
        for (size_t i = first; i < sizeof ORDER / sizeof *ORDER; i++) {
            ORDER[i](&response, &want);
        }
        assert_failed(saml_check(&f->scope, &response, &want, &finding), &f->scope, UNAUTHENTICATED,
                      REASONS[first]);
    }
}

static void an_unasked_answer_says_so_nowhere(void **state) {
    struct fixture *f = *state;
    struct saml_finding finding = {0};
    struct saml_response response = good();
    struct saml_want want = wanted();
    asked_for_nothing(&response, &want);
    assert_false(saml_is_unsolicited(&response));
    no_request(&response, &want);
    assert_false(saml_is_unsolicited(&response));
    assert_failed(saml_check(&f->scope, &response, &want, &finding), &f->scope, UNAUTHENTICATED,
                  "saml.in_response_to");
    confirmation_of_no_request(&response, &want);
    assert_true(saml_is_unsolicited(&response));
    assert_ok(saml_check(&f->scope, &response, &want, &finding));
}

static void the_finding_tells_both_sides_and_no_name(void **state) {
    struct fixture *f = *state;
    struct saml_finding finding = {0};
    struct saml_response response = good();
    struct saml_want want = wanted();
    other_audience(&response, &want);
    assert_failed(saml_check(&f->scope, &response, &want, &finding), &f->scope, UNAUTHENTICATED,
                  "saml.audience");
    assert_str(finding.want, SP);
    assert_str(finding.got, "https://other.example");
    response = good();
    over(&response, &want);
    assert_failed(saml_check(&f->scope, &response, &want, &finding), &f->scope, UNAUTHENTICATED,
                  "saml.expired");
    assert_true(str_eq(finding.want, time_format(f->scope.arena, want.now_us)));
    assert_true(str_eq(finding.got, time_format(f->scope.arena, S_TO_US(NOW_S - SKEW_S))));
    response = good();
    blank_before(&response, &want);
    assert_failed(saml_check(&f->scope, &response, &want, &finding), &f->scope, UNAUTHENTICATED,
                  "saml.name_id");
    assert_true(str_find(finding.got, STR("alice")) < 0);
}

static void a_message_is_remembered_as_long_as_a_copy_could_pass(void **state) {
    (void) state;
    struct saml_response response = good();
    const int64_t skew_us = S_TO_US(SKEW_S);
    assert_int_equal(saml_check_until_us(&response, skew_us), S_TO_US(NOW_S + 300) + skew_us);
    response.assertion.not_on_or_after = at(NOW_S + 86400);
    assert_int_equal(saml_check_until_us(&response, skew_us), S_TO_US(NOW_S + 3600) + skew_us);
    response.assertion.not_on_or_after.is_present = false;
    assert_int_equal(saml_check_until_us(&response, skew_us), S_TO_US(NOW_S + 3600) + skew_us);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(each_rule_is_broken_alone),
        SENTENCE(the_rules_come_in_their_order),
        SENTENCE(an_unasked_answer_says_so_nowhere),
        SENTENCE(the_finding_tells_both_sides_and_no_name),
        SENTENCE(a_message_is_remembered_as_long_as_a_copy_could_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
