/* Each rule of a logout message broken alone; skew on both sides of every border. */

#include "identity/saml/saml_logout_check.h"
#include "tests/support/fixture.h"

#define SLO     "https://chat.example/saml/c-1/slo"
#define IDP     "https://idp.example/entity"
#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define PARTIAL "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"

enum { NOW_S = 1800000000, SKEW_S = 120 };

static struct saml_time at(int64_t s) {
    return (struct saml_time){true, S_TO_US(s)};
}

static struct saml_logout good_request(void) {
    return (struct saml_logout){
        .is_request = true,
        .id = STR("_r"),
        .version = STR("2.0"),
        .issuer = STR(IDP),
        .issue_instant = at(NOW_S),
        .not_on_or_after = at(NOW_S + 300),
        .has_destination = true,
        .destination = STR(SLO),
        .name_id = {.value = STR("alice")},
        .session_index_count = 1,
        .session_indexes = {STR("_s")},
        .protection = {.is_message_signed = true},
    };
}

static struct saml_logout good_answer(void) {
    struct saml_logout answer = good_request();
    answer.is_request = false;
    answer.not_on_or_after.is_present = false;
    answer.name_id.value = STR("");
    answer.session_index_count = 0;
    answer.in_response_to = STR("_ours");
    answer.status = STR(SUCCESS);
    return answer;
}

static const struct saml_logout_want WANT = {
    .slo_url = STR_INIT(SLO),
    .idp_entity_id = STR_INIT(IDP),
    .now_us = S_TO_US((int64_t) NOW_S),
    .skew_us = S_TO_US((int64_t) SKEW_S),
};

#define CHANGE(name, statement)                                                                    \
    static void name(struct saml_logout *m) {                                                      \
        statement;                                                                                 \
    }

CHANGE(nothing, (void) m)
CHANGE(old_version, m->version = STR("1.1"))
CHANGE(no_version, m->version = STR(""))
CHANGE(no_id, m->id = STR(""))
CHANGE(other_destination, m->destination = STR(SLO "/"))
CHANGE(no_destination, (m->has_destination = false, m->destination = STR("")))
CHANGE(other_issuer, m->issuer = STR(IDP "/"))
CHANGE(no_issuer, m->issuer = STR(""))
CHANGE(no_instant, m->issue_instant.is_present = false)
CHANGE(too_old, m->issue_instant = at(NOW_S - 3601))
CHANGE(an_hour_old, m->issue_instant = at(NOW_S - 3600))
CHANGE(from_the_future, m->issue_instant = at(NOW_S + SKEW_S + 1))
CHANGE(as_far_ahead_as_clocks_may, m->issue_instant = at(NOW_S + SKEW_S))
CHANGE(over, m->not_on_or_after = at(NOW_S - SKEW_S))
CHANGE(almost_over, m->not_on_or_after = at(NOW_S - SKEW_S + 1))
CHANGE(without_end, m->not_on_or_after.is_present = false)
CHANGE(no_name, m->name_id.value = STR(""))
CHANGE(blank_name, m->name_id.value = STR(" alice"))
CHANGE(empty_index, m->session_indexes[0] = STR(""))
CHANGE(no_index, m->session_index_count = 0)
CHANGE(answers_nothing, m->in_response_to = STR(""))

struct row {
    const char *name;
    void (*change)(struct saml_logout *message);
    enum code code;
    const char *reason; /* NULL: fine */
};

static const struct row BOTH[] = {
    {"as it should be", nothing, OK, NULL},
    {"an old version", old_version, UNAUTHENTICATED, "saml.version"},
    {"no version", no_version, UNAUTHENTICATED, "saml.version"},
    {"no ID", no_id, INVALID, "saml.gate_id"},
    {"another destination", other_destination, UNAUTHENTICATED, "saml.destination"},
    {"no destination", no_destination, UNAUTHENTICATED, "saml.destination"},
    {"another issuer", other_issuer, UNAUTHENTICATED, "saml.issuer"},
    {"no issuer", no_issuer, UNAUTHENTICATED, "saml.issuer"},
    {"no IssueInstant", no_instant, UNAUTHENTICATED, "saml.issue_instant"},
    {"too old", too_old, UNAUTHENTICATED, "saml.issue_instant"},
    {"an hour old", an_hour_old, OK, NULL},
    {"from the future", from_the_future, UNAUTHENTICATED, "saml.issue_instant"},
    {"ahead within the skew", as_far_ahead_as_clocks_may, OK, NULL},
};

static const struct row REQUESTS[] = {
    {"over", over, UNAUTHENTICATED, "saml.expired"},
    {"over within the skew", almost_over, OK, NULL},
    {"without an end", without_end, OK, NULL},
    {"nobody is named", no_name, UNAUTHENTICATED, "saml.name_id"},
    {"a blank before the name", blank_name, UNAUTHENTICATED, "saml.name_id"},
    {"an empty SessionIndex", empty_index, UNAUTHENTICATED, "saml.name_id"},
    {"no SessionIndex", no_index, OK, NULL},
    {"a request answers nothing", answers_nothing, OK, NULL},
};

static const struct row ANSWERS[] = {
    {"an answer to nothing", answers_nothing, UNAUTHENTICATED, "saml.in_response_to"},
    {"an answer names nobody", no_name, OK, NULL},
    {"an answer has no end", over, OK, NULL},
};

static void run(struct fixture *f, struct saml_logout (*good)(void), const struct row *rows,
                size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct saml_logout message = good();
        struct saml_finding finding = {0};
        rows[i].change(&message);
        print_message("%s\n", rows[i].name);
        const result checked = saml_logout_check(&f->scope, &message, &WANT, &finding);
        if (rows[i].reason == NULL) {
            assert_ok(checked);
        } else {
            assert_failed(checked, &f->scope, rows[i].code, rows[i].reason);
        }
    }
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void each_rule_of_a_request_is_broken_alone(void **state) {
    run(*state, good_request, BOTH, COUNT(BOTH));
    run(*state, good_request, REQUESTS, COUNT(REQUESTS));
}

static void each_rule_of_an_answer_is_broken_alone(void **state) {
    run(*state, good_answer, BOTH, COUNT(BOTH));
    run(*state, good_answer, ANSWERS, COUNT(ANSWERS));
}

static void the_finding_tells_both_sides_and_no_name(void **state) {
    struct fixture *f = *state;
    struct saml_finding finding = {0};
    struct saml_logout message = good_request();
    other_destination(&message);
    assert_failed(saml_logout_check(&f->scope, &message, &WANT, &finding), &f->scope,
                  UNAUTHENTICATED, "saml.destination");
    assert_str(finding.want, SLO);
    assert_str(finding.got, SLO "/");
    message = good_request();
    blank_name(&message);
    assert_failed(saml_logout_check(&f->scope, &message, &WANT, &finding), &f->scope,
                  UNAUTHENTICATED, "saml.name_id");
    assert_true(str_find(finding.got, STR("alice")) < 0);
}

static void a_message_is_remembered_as_long_as_a_copy_could_pass(void **state) {
    (void) state;
    struct saml_logout message = good_request();
    assert_int_equal(saml_logout_until_us(&message, S_TO_US(SKEW_S)),
                     S_TO_US((int64_t) NOW_S + 300 + SKEW_S));
    /* assertions from before it can come later than copies of it */
    assert_int_equal(saml_logout_late_us(&message, S_TO_US(SKEW_S)),
                     S_TO_US((int64_t) NOW_S + 3600 + SKEW_S));
    without_end(&message);
    assert_int_equal(saml_logout_until_us(&message, S_TO_US(SKEW_S)),
                     S_TO_US((int64_t) NOW_S + 3600 + SKEW_S));
    message.not_on_or_after = at(NOW_S + 86400);
    assert_int_equal(saml_logout_until_us(&message, S_TO_US(SKEW_S)),
                     S_TO_US((int64_t) NOW_S + 3600 + SKEW_S));
}

static void what_the_provider_says_of_itself_is_told_as_it_is(void **state) {
    (void) state;
    struct saml_logout answer = good_answer();
    assert_int_equal(saml_logout_outcome_of(&answer), SAML_LOGOUT_DONE);
    answer.sub_status = STR(PARTIAL);
    assert_int_equal(saml_logout_outcome_of(&answer), SAML_LOGOUT_PARTIAL);
    answer.sub_status = STR("");
    answer.status = STR(PARTIAL);
    assert_int_equal(saml_logout_outcome_of(&answer), SAML_LOGOUT_PARTIAL);
    answer.status = STR("urn:oasis:names:tc:SAML:2.0:status:Responder");
    assert_int_equal(saml_logout_outcome_of(&answer), SAML_LOGOUT_FAILED);
    answer.status = STR("");
    assert_int_equal(saml_logout_outcome_of(&answer), SAML_LOGOUT_FAILED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(each_rule_of_a_request_is_broken_alone),
        SENTENCE(each_rule_of_an_answer_is_broken_alone),
        SENTENCE(the_finding_tells_both_sides_and_no_name),
        SENTENCE(a_message_is_remembered_as_long_as_a_copy_could_pass),
        SENTENCE(what_the_provider_says_of_itself_is_told_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
