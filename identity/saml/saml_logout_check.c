#include "identity/saml/saml_logout_check.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/time_text.h"

enum { ISSUE_AGE_S = 3600, SHOWN_MAX = 256 };

#define STATUS_SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define STATUS_PARTIAL "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"

struct check {
    struct scope *scope;
    const struct saml_logout *logout;
    const struct saml_logout_want *want;
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

static struct str shown(const struct check *check, const struct saml_time *time) {
    return time->is_present ? time_format(check->scope->arena, time->us) : STR("absent");
}

static struct str now(const struct check *check) {
    return time_format(check->scope->arena, check->want->now_us);
}

static result check_message(const struct check *check) {
    const struct saml_logout *logout = check->logout;
    const struct saml_logout_want *want = check->want;
    TRY(need(check, str_eq(logout->version, STR("2.0")), SAML_VERSION, STR("2.0"),
             logout->version));
    /* A message without a name cannot be remembered. */
    TRY(need(check, logout->id.len > 0, SAML_GATE_ID, STR("an ID"), STR("absent")));
    /* Bindings 3.4.5.2, 3.5.5.2: a signed message says whom it is for. */
    TRY(need(check, logout->has_destination && str_eq(logout->destination, want->slo_url),
             SAML_DESTINATION, want->slo_url,
             logout->has_destination ? logout->destination : STR("absent")));
    TRY(need(check, str_eq(logout->issuer, want->idp_entity_id), SAML_ISSUER, want->idp_entity_id,
             logout->issuer));
    const struct saml_time *instant = &logout->issue_instant;
    return need(check,
                instant->is_present && instant->us >= want->now_us - S_TO_US(ISSUE_AGE_S) &&
                    instant->us <= want->now_us + want->skew_us,
                SAML_ISSUE_INSTANT, now(check), shown(check, instant));
}

/* NotOnOrAfter is exclusive; the clocks may differ once. */
static result check_request(const struct check *check) {
    const struct saml_logout *logout = check->logout;
    const struct saml_time *end = &logout->not_on_or_after;
    TRY(need(check, !end->is_present || check->want->now_us - check->want->skew_us < end->us,
             SAML_EXPIRED, now(check), shown(check, end)));
    TRY(need(check, saml_is_name(logout->name_id.value), SAML_NAME_ID, STR("a usable name"),
             STR("")));
    for (size_t i = 0; i < logout->session_index_count; i++) {
        /* An empty one would mean all sessions. */
        TRY(need(check, logout->session_indexes[i].len > 0, SAML_NAME_ID, STR("a SessionIndex"),
                 STR("an empty one")));
    }
    return OK_RESULT;
}

result saml_logout_check(struct scope *scope, const struct saml_logout *logout,
                         const struct saml_logout_want *want, struct saml_finding *ret) {
    const struct check check = {scope, logout, want, ret};
    TRY(check_message(&check));
    if (logout->is_request) {
        return check_request(&check);
    }
    return need(&check, logout->in_response_to.len > 0, SAML_IN_RESPONSE_TO,
                STR("a request of ours"), STR("absent"));
}

int64_t saml_logout_late_us(const struct saml_logout *logout, int64_t skew_us) {
    return logout->issue_instant.us + S_TO_US(ISSUE_AGE_S) + skew_us;
}

int64_t saml_logout_until_us(const struct saml_logout *logout, int64_t skew_us) {
    const int64_t late_us = saml_logout_late_us(logout, skew_us);
    const struct saml_time *end = &logout->not_on_or_after;
    const bool ends_sooner = end->is_present && end->us + skew_us < late_us;
    return ends_sooner ? end->us + skew_us : late_us;
}

/* Core 3.2.2.2 has PartialLogout below Success; some say it instead. */
enum saml_logout_outcome saml_logout_outcome_of(const struct saml_logout *answer) {
    if (str_eq(answer->status, STR(STATUS_PARTIAL)) ||
        str_eq(answer->sub_status, STR(STATUS_PARTIAL))) {
        return SAML_LOGOUT_PARTIAL;
    }
    return str_eq(answer->status, STR(STATUS_SUCCESS)) ? SAML_LOGOUT_DONE : SAML_LOGOUT_FAILED;
}
