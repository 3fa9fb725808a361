#include "identity/saml/saml_login.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/form.h"
#include "base/log.h"
#include "base/url.h"
#include "identity/domain.h"
#include "identity/login_attempt.h"
#include "identity/saml/saml_check.h"
#include "identity/saml/saml_door.h"
#include "identity/saml/saml_logout_store.h"
#include "identity/saml/saml_meter.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_record.h"
#include "identity/saml/saml_session.h"
#include "identity/session.h"
#include "messaging/user.h"

/* 22 characters: SAML bindings 3.4.3 allow 80. The provider's answer is posted from its site, so a
 * Lax cookie would stay behind. */
static const struct attempt_kind KIND = {"gatehouse-saml", "None", 16};

/* What an attempt keeps: the request's id, and what the request was for. */
struct purpose {
    struct str request_id;
    bool is_restarted, is_converted, is_test;
    struct actor tester;
};

static struct str write_purpose(struct scope *scope, struct str request_id,
                                const struct saml_start *start) {
    const struct actor *tester = start->tester;
    return str_format(scope->arena, "%.*s -%s%s%s %.*s %lld", STR_ARG(request_id),
                      start->is_restarted ? "r" : "", start->is_converted ? "c" : "",
                      tester != NULL ? "t" : "", STR_ARG(tester != NULL ? tester->id : STR("-")),
                      (long long) (tester != NULL ? tester->epoch : 0));
}

static result read_purpose(struct scope *scope, const struct login_attempt *attempt,
                           struct purpose *ret) {
    struct purpose purpose = {.tester = {.kind = ACTOR_USER, .org_id = attempt->row.org_id}};
    struct str marks;
    struct str rest = str_split(attempt->secrets, ' ', &purpose.request_id);
    rest = str_split(rest, ' ', &marks);
    rest = str_split(rest, ' ', &purpose.tester.id);
    REQUIRE(scope, is_ok(parse_i64(scope, rest, 0, INT64_MAX, &purpose.tester.epoch)), INTERNAL,
            "saml.attempt");
    purpose.is_restarted = str_find_byte(marks, 'r') >= 0;
    purpose.is_converted = str_find_byte(marks, 'c') >= 0;
    purpose.is_test = str_find_byte(marks, 't') >= 0;
    *ret = purpose;
    return OK_RESULT;
}

result saml_login_begin(struct scope *scope, struct call *call, const struct connection *connection,
                        const struct saml_start *start, struct saml_outgoing *ret) {
    const struct saml_settings *settings = &connection->saml;
    REQUIRE(scope,
            connection->kind == CONNECTION_SAML &&
                (connection->state == CONNECTION_ENABLED || start->tester != NULL),
            NOT_FOUND, "connection.unknown");
    struct saml_door door;
    TRY(saml_door_open(scope, call, connection, &door));
    struct saml_authn_request request = {
        .binding = door.party.sign_on.binding,
        .id = saml_message_id(scope),
        .issue_instant_us = clock_now_us(scope->env->clock),
        .acs_url = door.acs_url,
        .is_forced = settings->force_authn,
        /* Who came by an unasked answer is signed in there already, or is not asked. */
        .is_passive = start->is_converted && !settings->force_authn,
        .is_signed = settings->sign_requests || door.idp.wants_requests_signed,
        .name_id_format = settings->name_id_format,
        .class_ref_count = settings->class_ref_count,
        .class_refs = settings->class_refs,
    };
    TRY(login_attempt_begin(scope, call, &KIND, connection, write_purpose(scope, request.id, start),
                            start->return_path, &request.relay_state));
    return saml_jail_authn_request(scope, call->identity->saml_jail, &door.party, &request, ret);
}

result saml_answer_parse(struct scope *scope, struct str body, struct saml_answer *ret) {
    struct form *form = NEW(scope->arena, struct form);
    struct saml_answer answer = {.response = STR(""), .relay_state = STR("")};
    bool is_there = false;
    SAML_REQUIRE(
        scope,
        is_ok(form_parse(scope, body, form)) &&
            is_ok(form_get(scope, form, STR("SAMLResponse"), &answer.response, &is_there)) &&
            is_there && is_ok(form_get(scope, form, STR("RelayState"), &answer.relay_state, NULL)),
        SAML_QUERY);
    *ret = answer;
    return OK_RESULT;
}

/* One sign-in on its way back: what is known so far. */
struct visit {
    struct call *call;
    const struct connection *connection;
    struct saml_door door;
    bool has_attempt; /* RelayState named one of ours, perhaps of another browser */
    struct login_attempt attempt;
    struct purpose purpose;
    struct saml_finding finding;
    struct saml_arrival *arrival;
};

static result find_attempt(struct scope *scope, struct visit *visit, struct str relay_state) {
    const result found = login_attempt_find(scope, visit->call, &KIND, visit->connection,
                                            relay_state, &visit->attempt);
    if (found.code == NOT_FOUND) {
        return OK_RESULT;
    }
    TRY(found);
    visit->has_attempt = true;
    return read_purpose(scope, &visit->attempt, &visit->purpose);
}

static result check(struct scope *scope, struct visit *visit) {
    const struct saml_settings *settings = &visit->connection->saml;
    const struct saml_want want = {
        .acs_url = visit->door.acs_url,
        .idp_entity_id = visit->door.idp.entity_id,
        .sp_entity_id = visit->door.sp_entity_id,
        .request_id = visit->has_attempt ? visit->purpose.request_id : STR(""),
        .now_us = clock_now_us(scope->env->clock),
        .skew_us = S_TO_US(settings->skew_s),
        .has_subject_attribute = settings->subject_attribute.len > 0,
        .class_ref_count = settings->class_ref_count,
        .class_refs = settings->class_refs,
        .authn_after_us =
            settings->force_authn && visit->has_attempt ? visit->attempt.row.created_us : 0,
    };
    return saml_check(scope, &visit->arrival->response, &want, &visit->finding);
}

/* The attempt, if there is one, and the message are used up together: whatever node they come to,
 * one row decides each. */
static result use_up(struct scope *scope, struct tx *tx, const struct visit *visit) {
    const struct connection *connection = visit->connection;
    const struct saml_response *response = &visit->arrival->response;
    if (visit->has_attempt) {
        const result consumed = login_attempt_consume(scope, tx, &visit->attempt);
        SAML_REQUIRE(scope, consumed.code != NOT_FOUND, SAML_STATE);
        TRY(consumed);
    }
    /* By the largest difference of clocks: the connection's may be raised meanwhile. */
    const int64_t until_us = saml_check_until_us(response, S_TO_US(CONNECTION_SKEW_MAX_S));
    return saml_replay_insert(scope, tx, connection->org_id, connection->id, response->assertion.id,
                              until_us);
}

static result use_up_alone(struct scope *scope, const struct visit *visit) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, visit->call->db, LANE_NORMAL, &tx));
    TRY(use_up(scope, tx, visit));
    return tx_commit(scope, tx);
}

static result ride(struct scope *scope, struct tx *tx, void *context, struct str user_id,
                   struct str session_id) {
    const struct visit *visit = context;
    const struct saml_assertion *assertion = &visit->arrival->response.assertion;
    struct saml_session session = {
        .org_id = visit->connection->org_id,
        .session_id = session_id,
        .user_id = user_id,
        .connection_id = visit->connection->id,
        /* Logouts name people by their NameID, whatever the account's key is. */
        .subject = saml_subject_of_name(scope, &assertion->name_id, visit->door.idp.entity_id,
                                        visit->door.sp_entity_id),
        .session_index = assertion->authn.session_index,
        .created_us = clock_now_us(scope->env->clock),
    };
    const struct saml_logged_out signed_in = {
        .org_id = session.org_id,
        .connection_id = session.connection_id,
        .subject = session.subject,
        .session_index = session.session_index,
        .issued_us = assertion->issue_instant.us,
    };
    TRY(use_up(scope, tx, visit));
    TRY(saml_logged_out_check(scope, tx, &signed_in));
    TRY(saml_session_seal_name(scope, visit->call->identity, &assertion->name_id, &session));
    return saml_session_insert(scope, tx, &session);
}

static result is_proved(struct scope *scope, const struct visit *visit, struct str email,
                        bool *ret) {
    struct str domain;
    *ret = false;
    if (email.len == 0 || !is_ok(email_domain(scope, email, &domain))) {
        return OK_RESULT;
    }
    return domain_is_proved(scope, visit->call->db, visit->connection->org_id, domain, ret);
}

/* When the provider's session ends; 0: it does not say. The clocks may differ here as in the
 * checks, or a session that was just let in would be over already. */
static int64_t end_of(const struct visit *visit) {
    const struct saml_time *end = &visit->arrival->response.assertion.authn.session_not_on_or_after;
    return end->is_present ? end->us + S_TO_US(visit->connection->saml.skew_s) : 0;
}

static result identity_of(struct scope *scope, const struct visit *visit,
                          struct verified_identity *ret) {
    const struct connection *connection = visit->connection;
    const struct saml_assertion *assertion = &visit->arrival->response.assertion;
    const struct saml_person *person = &visit->arrival->person;
    struct verified_identity who = {
        .org_id = connection->org_id,
        .connection_id = connection->id,
        .connection_version = connection->version,
        .method = "saml",
        .issuer = visit->door.idp.entity_id,
        .subject = person->subject,
        .sid = assertion->authn.session_index,
        .user_name = person->user_name,
        .email = person->email,
        .display_name = person->display_name,
        .is_email_verified = connection->saml.is_email_trusted,
        .match_value = person->match_value,
        .match_attribute = connection->match_attribute,
        .provisioning = connection->provisioning,
        .auth_time_us = assertion->authn.authn_instant.us,
        .end_us = end_of(visit),
        .has_role = person->has_role,
        .is_role_highest = person->is_role_highest,
        .role = person->role,
    };
    TRY(is_proved(scope, visit, who.email, &who.is_domain_proved));
    /* A name that looks like an address is one where the organisation has proved the domain. */
    if (person->is_email_name && !who.is_domain_proved) {
        who.email = STR("");
    }
    /* An address that nobody vouches for matches nothing. */
    const bool is_address = str_eq(connection->match_claim, STR("email"));
    if (is_address && !(who.is_email_verified && who.is_domain_proved)) {
        who.match_value = STR("");
    }
    *ret = who;
    return OK_RESULT;
}

static result complete(struct scope *scope, struct visit *visit) {
    struct saml_arrival *arrival = visit->arrival;
    const struct session_rider rider = {ride, visit};
    struct verified_identity who;
    TRY(identity_of(scope, visit, &who));
    TRY(login_complete(scope, visit->call, &who, &rider, &arrival->login));
    arrival->end = SAML_SIGNED_IN;
    arrival->return_path = visit->attempt.row.return_path;
    return OK_RESULT;
}

static result begin_again(struct scope *scope, struct visit *visit,
                          const struct saml_start *start) {
    TRY(use_up_alone(scope, visit));
    TRY(saml_login_begin(scope, visit->call, visit->connection, start, &visit->arrival->outgoing));
    visit->arrival->end = SAML_RESTARTED;
    return OK_RESULT;
}

/* The browser has lost its cookie, or never had it: it starts again, once, and nothing of this
 * answer is believed. */
static result restart(struct scope *scope, struct visit *visit) {
    SAML_REQUIRE(scope, !visit->purpose.is_restarted && !visit->purpose.is_test, SAML_STATE);
    const struct saml_start start = {
        .return_path = visit->attempt.row.return_path,
        .is_restarted = true,
        .is_converted = visit->purpose.is_converted,
    };
    return begin_again(scope, visit, &start);
}

/* Who began the test may have left or lost the right since: the answer shows somebody's values. */
static result check_tester(struct scope *scope, const struct visit *visit) {
    const struct actor *actor = &visit->purpose.tester;
    struct user tester;
    TRY(user_find(scope, visit->call->db, actor->org_id, actor->id, &tester));
    REQUIRE(scope,
            tester.state == USER_ACTIVE && tester.epoch == actor->epoch &&
                role_may(tester.role, MAY_MANAGE_ACCESS),
            FORBIDDEN, "saml.tester");
    return OK_RESULT;
}

static result finish_asked(struct scope *scope, struct visit *visit) {
    struct saml_arrival *arrival = visit->arrival;
    TRY(check(scope, visit));
    if (!visit->attempt.is_bound) {
        return restart(scope, visit);
    }
    TRY(saml_person_read(scope, visit->connection, visit->door.sp_entity_id,
                         &arrival->response.assertion, &arrival->person));
    if (visit->purpose.is_test) {
        TRY(check_tester(scope, visit));
        TRY(use_up_alone(scope, visit));
        struct connection tested = *visit->connection;
        TRY(connection_mark_tested(scope, visit->call->db, &visit->purpose.tester, &tested));
        arrival->end = SAML_TESTED;
    } else {
        TRY(complete(scope, visit));
    }
    return login_attempt_clear_cookie(scope, visit->call, &KIND, &visit->attempt);
}

/* True while the browser still waits for the answer to a sign-in that an unasked one had started:
 * a provider that never says what it answers must not keep it going round. */
static result has_converted(struct scope *scope, const struct visit *visit, bool *ret) {
    struct login_attempt open[ATTEMPT_BINDINGS];
    size_t count = 0;
    *ret = false;
    TRY(login_attempt_list(scope, visit->call, &KIND, visit->connection, open, &count));
    for (size_t i = 0; i < count; i++) {
        struct purpose purpose;
        TRY(read_purpose(scope, &open[i], &purpose));
        *ret = *ret || purpose.is_converted;
    }
    return OK_RESULT;
}

/* Nothing of an unasked answer is believed either: it may be somebody else's, planted in this
 * browser. It starts a sign-in whose answer will be bound to the browser. */
static result finish_unasked(struct scope *scope, struct visit *visit, struct str relay_state) {
    const bool is_allowed = visit->connection->saml.idp_initiated == SAML_IDP_INITIATED_CONVERT;
    SAML_REQUIRE(scope, is_allowed, SAML_UNSOLICITED);
    bool is_second = false;
    TRY(check(scope, visit));
    TRY(has_converted(scope, visit, &is_second));
    SAML_REQUIRE(scope, !is_second, SAML_UNSOLICITED);
    const bool is_path = relay_state.len > 0 && is_ok(url_check_return_path(scope, relay_state));
    const struct saml_start start = {
        .return_path = is_path ? relay_state : STR("/"),
        .is_converted = true,
    };
    return begin_again(scope, visit, &start);
}

/* An answer to something, but to nothing that is open: used, too late, or of another connection. */
static result refuse_stateless(struct scope *scope, struct visit *visit) {
    const struct connection *connection = visit->connection;
    const struct saml_response *response = &visit->arrival->response;
    bool is_known = false;
    TRY(saml_replay_is_known(scope, visit->call->db, connection->org_id, connection->id,
                             response->assertion.id, &is_known));
    return saml_fail(scope, is_known ? SAML_REPLAY : SAML_STATE);
}

static result judge(struct scope *scope, struct visit *visit, const struct saml_answer *answer) {
    struct saml_response *response = &visit->arrival->response;
    TRY(saml_door_open(scope, visit->call, visit->connection, &visit->door));
    TRY(saml_door_read(scope, visit->call, visit->connection, &visit->door, answer->response,
                       response));
    if (visit->has_attempt) {
        return finish_asked(scope, visit);
    }
    /* A refusal by the provider is told as such, whomever it was meant for. */
    SAML_REQUIRE(scope, response->has_assertion, SAML_STATUS);
    return saml_is_unsolicited(response) ? finish_unasked(scope, visit, answer->relay_state)
                                         : refuse_stateless(scope, visit);
}

static void note_refusal(struct scope *scope, const struct visit *visit, result failure) {
    const struct connection *connection = visit->connection;
    const char *reason = scope->reason;
    log_info(scope, "saml.sign_in_failed", LOG_ORG(connection->org_id),
             LOG_ID("connection", connection->id), LOG_CODE(failure), LOG_REASON(scope));
    const struct saml_refusal refusal = {
        .response = &visit->arrival->response,
        .idp = &visit->door.idp,
        .finding = &visit->finding,
        .is_test = visit->purpose.is_test,
        .refused = visit->arrival->login.refused,
    };
    saml_record_refusal(scope, visit->call, connection, &refusal);
    if (saml_reason_of(scope) == SAML_SIGNATURE &&
        !is_ok(saml_provider_hint_bad_signature(scope, visit->call->db, connection->org_id,
                                                connection->id))) {
        log_debug(scope, "saml.hint_failed", LOG_REASON(scope));
    }
    scope->reason = reason;
}

result saml_login_finish(struct scope *scope, struct call *call,
                         const struct connection *connection, const struct saml_answer *answer,
                         struct saml_arrival *ret) {
    REQUIRE(scope, connection->kind == CONNECTION_SAML, NOT_FOUND, "connection.unknown");
    struct visit *visit = NEW(scope->arena, struct visit);
    visit->call = call;
    visit->connection = connection;
    visit->arrival = NEW(scope->arena, struct saml_arrival);
    TRY(find_attempt(scope, visit, answer->relay_state));
    REQUIRE(scope, connection->state == CONNECTION_ENABLED || visit->purpose.is_test, NOT_FOUND,
            "connection.unknown");
    const result judged = judge(scope, visit, answer);
    saml_meter_count(call->identity->saml_meter, scope, SAML_MESSAGE_RESPONSE, judged);
    if (!is_ok(judged)) {
        note_refusal(scope, visit, judged);
        return judged;
    }
    *ret = *visit->arrival;
    return OK_RESULT;
}
