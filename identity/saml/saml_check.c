#include "identity/saml/saml_check.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/time_text.h"

enum { ISSUE_AGE_S = 3600, SHOWN_MAX = 256 };

#define STATUS_SUCCESS   "urn:oasis:names:tc:SAML:2.0:status:Success"
#define METHOD_BEARER    "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define FORMAT_TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

struct check {
    struct scope *scope;
    const struct saml_response *response;
    const struct saml_assertion *assertion;
    const struct saml_want *want;
    struct saml_finding *finding;
};

static result need(const struct check *check, bool holds, enum saml_reason reason, struct str want,
                   struct str got) {
    if (holds) {
        return OK_RESULT;
    }
    *check->finding =
        (struct saml_finding){str_first_text(want, SHOWN_MAX), str_first_text(got, SHOWN_MAX)};
    return saml_fail(check->scope, reason);
}

static result need_equal(const struct check *check, enum saml_reason reason, struct str want,
                         struct str got) {
    return need(check, str_eq(want, got), reason, want, got);
}

static struct str shown(const struct check *check, const struct saml_time *time) {
    return time->is_present ? time_format(check->scope->arena, time->us) : STR("absent");
}

static struct str now(const struct check *check) {
    return time_format(check->scope->arena, check->want->now_us);
}

/* NotOnOrAfter is exclusive; the clocks may differ once. */
static bool is_over(const struct check *check, const struct saml_time *not_on_or_after) {
    return check->want->now_us - check->want->skew_us >= not_on_or_after->us;
}

static bool is_early(const struct check *check, const struct saml_time *not_before) {
    return check->want->now_us + check->want->skew_us < not_before->us;
}

static result check_message(const struct check *check) {
    const struct saml_response *response = check->response;
    const struct saml_want *want = check->want;
    TRY(need_equal(check, SAML_VERSION, STR("2.0"), response->version));
    if (response->has_assertion) {
        TRY(need_equal(check, SAML_VERSION, STR("2.0"), check->assertion->version));
        /* Without a name it could not be remembered as used. */
        TRY(need(check, check->assertion->id.len > 0, SAML_GATE_ID, STR("an ID"), STR("absent")));
    }
    TRY(need_equal(check, SAML_STATUS, STR(STATUS_SUCCESS), response->status));
    TRY(need(check, response->has_assertion, SAML_STATUS, STR("an assertion"), STR("none")));
    /* Bindings 3.5.5.2: a signed message says whom it is for. */
    TRY(need(check, response->has_destination || !response->protection.is_message_signed,
             SAML_DESTINATION, want->acs_url, STR("absent")));
    if (response->has_destination) {
        TRY(need_equal(check, SAML_DESTINATION, want->acs_url, response->destination));
    }
    const bool is_asked = want->request_id.len > 0;
    TRY(need(check, response->has_in_response_to == is_asked, SAML_IN_RESPONSE_TO, want->request_id,
             response->in_response_to));
    return need_equal(check, SAML_IN_RESPONSE_TO, want->request_id, response->in_response_to);
}

static result check_issue_instant(const struct check *check, const struct saml_time *instant) {
    const struct saml_want *want = check->want;
    return need(check,
                instant->is_present && instant->us >= want->now_us - S_TO_US(ISSUE_AGE_S) &&
                    instant->us <= want->now_us + want->skew_us,
                SAML_ISSUE_INSTANT, now(check), shown(check, instant));
}

static result check_issuer(const struct check *check) {
    const struct str wanted = check->want->idp_entity_id;
    TRY(need_equal(check, SAML_ISSUER, wanted, check->assertion->issuer));
    if (check->response->has_issuer) {
        TRY(need_equal(check, SAML_ISSUER, wanted, check->response->issuer));
    }
    TRY(check_issue_instant(check, &check->assertion->issue_instant));
    return check_issue_instant(check, &check->response->issue_instant);
}

bool saml_is_name(struct str text) {
    return text.len > 0 && text.len <= SAML_NAME_ID_MAX && !str_has_control(text) &&
           text.at[0] != ' ' && text.at[text.len - 1] != ' ';
}

static result check_subject(const struct check *check) {
    const struct saml_assertion *assertion = check->assertion;
    TRY(need(check, assertion->subject_count == 1 && assertion->name_id_count == 1, SAML_NAME_ID,
             STR("one NameID"), assertion->name_id_count == 0 ? STR("none") : STR("several")));
    TRY(need(check, saml_is_name(assertion->name_id.value), SAML_NAME_ID, STR("a usable name"),
             STR("")));
    const struct str format = assertion->name_id.format;
    return need(check, check->want->has_subject_attribute || !str_eq(format, STR(FORMAT_TRANSIENT)),
                SAML_NAME_ID, STR("a name that stays"), format);
}

static result check_confirmation(const struct check *check,
                                 const struct saml_confirmation *confirmation) {
    const struct saml_want *want = check->want;
    TRY(need(check, confirmation->data_count == 1, SAML_CONFIRMATION,
             STR("one SubjectConfirmationData"),
             confirmation->data_count == 0 ? STR("none") : STR("several")));
    TRY(need_equal(check, SAML_RECIPIENT, want->acs_url, confirmation->recipient));
    TRY(need(check, confirmation->not_on_or_after.is_present, SAML_CONFIRMATION,
             STR("NotOnOrAfter"), STR("absent")));
    TRY(need(check, !confirmation->not_before.is_present, SAML_CONFIRMATION, STR("no NotBefore"),
             shown(check, &confirmation->not_before)));
    TRY(need(check, !is_over(check, &confirmation->not_on_or_after), SAML_EXPIRED, now(check),
             shown(check, &confirmation->not_on_or_after)));
    return need_equal(check, SAML_IN_RESPONSE_TO, want->request_id, confirmation->in_response_to);
}

/* One that fits is enough (profiles 4.1.4.2): some providers send several. */
static result check_confirmations(const struct check *check) {
    const struct saml_assertion *assertion = check->assertion;
    size_t bearers = 0;
    result last = OK_RESULT;
    for (size_t i = 0; i < assertion->confirmation_count; i++) {
        if (!str_eq(assertion->confirmations[i].method, STR(METHOD_BEARER))) {
            continue;
        }
        bearers++;
        last = check_confirmation(check, &assertion->confirmations[i]);
        if (is_ok(last)) {
            return OK_RESULT;
        }
    }
    TRY(need(check, bearers == 1, SAML_CONFIRMATION, STR("one bearer confirmation that fits"),
             bearers == 0 ? STR("none") : STR("several, and none fits")));
    return last;
}

static bool has_audience(const struct saml_restriction *restriction, struct str audience) {
    for (size_t i = 0; i < restriction->count; i++) {
        if (str_eq(restriction->audiences[i], audience)) {
            return true;
        }
    }
    return false;
}

/* Each restriction has to let us in, not just one of them (core 2.5.1.4). */
static result check_audience(const struct check *check) {
    const struct saml_assertion *assertion = check->assertion;
    const struct str wanted = check->want->sp_entity_id;
    TRY(need(check, assertion->restriction_count > 0, SAML_AUDIENCE, wanted, STR("absent")));
    for (size_t i = 0; i < assertion->restriction_count; i++) {
        const struct saml_restriction *restriction = &assertion->restrictions[i];
        TRY(need(check, has_audience(restriction, wanted), SAML_AUDIENCE, wanted,
                 restriction->count > 0 ? restriction->audiences[0] : STR("absent")));
    }
    return OK_RESULT;
}

static result check_conditions(const struct check *check) {
    const struct saml_assertion *assertion = check->assertion;
    const struct saml_time *begin = &assertion->not_before;
    const struct saml_time *end = &assertion->not_on_or_after;
    TRY(need(check, assertion->conditions_count == 1, SAML_CONDITIONS, STR("one Conditions"),
             assertion->conditions_count == 0 ? STR("none") : STR("several")));
    TRY(need(check, !begin->is_present || !is_early(check, begin), SAML_NOT_YET_VALID, now(check),
             shown(check, begin)));
    TRY(need(check, !end->is_present || !is_over(check, end), SAML_EXPIRED, now(check),
             shown(check, end)));
    TRY(check_audience(check));
    return need(check, !assertion->has_unknown_condition, SAML_CONDITION,
                STR("conditions that are known"), STR("another one"));
}

static bool is_wanted_class(const struct saml_want *want, struct str class_ref) {
    for (size_t i = 0; i < want->class_ref_count; i++) {
        if (str_eq(want->class_refs[i], class_ref)) {
            return true;
        }
    }
    return want->class_ref_count == 0;
}

static result check_authn(const struct check *check) {
    const struct saml_want *want = check->want;
    const struct saml_authn *authn = &check->assertion->authn;
    const struct saml_time *end = &authn->session_not_on_or_after;
    TRY(need(check, authn->count > 0, SAML_AUTHN_STATEMENT, STR("an AuthnStatement"), STR("none")));
    TRY(need(check, !end->is_present || !is_over(check, end), SAML_SESSION_EXPIRED, now(check),
             shown(check, end)));
    TRY(need(check, is_wanted_class(want, authn->class_ref), SAML_AUTHN_CONTEXT,
             want->class_ref_count > 0 ? want->class_refs[0] : STR(""), authn->class_ref));
    if (want->authn_after_us == 0) {
        return OK_RESULT;
    }
    return need(check,
                authn->authn_instant.is_present &&
                    authn->authn_instant.us + want->skew_us >= want->authn_after_us,
                SAML_AUTHN_STALE, time_format(check->scope->arena, want->authn_after_us),
                shown(check, &authn->authn_instant));
}

result saml_check(struct scope *scope, const struct saml_response *response,
                  const struct saml_want *want, struct saml_finding *ret) {
    const struct check check = {scope, response, &response->assertion, want, ret};
    TRY(check_message(&check));
    TRY(check_issuer(&check));
    TRY(check_subject(&check));
    TRY(check_confirmations(&check));
    TRY(check_conditions(&check));
    return check_authn(&check);
}

bool saml_is_unsolicited(const struct saml_response *response) {
    for (size_t i = 0; i < response->assertion.confirmation_count; i++) {
        if (response->assertion.confirmations[i].in_response_to.len > 0) {
            return false;
        }
    }
    return !response->has_in_response_to;
}

int64_t saml_check_until_us(const struct saml_response *response, int64_t skew_us) {
    const struct saml_assertion *assertion = &response->assertion;
    const int64_t issued_until_us = assertion->issue_instant.us + S_TO_US(ISSUE_AGE_S);
    const struct saml_time *end = &assertion->not_on_or_after;
    const bool ends_sooner = end->is_present && end->us < issued_until_us;
    return (ends_sooner ? end->us : issued_until_us) + skew_us;
}
