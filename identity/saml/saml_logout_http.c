#include "identity/saml/saml_logout_http.h"

#include "base/arena.h"
#include "base/form.h"
#include "base/log.h"
#include "identity/saml/saml_http.h"
#include "identity/saml/saml_logout.h"
#include "identity/saml/saml_page.h"
#include "identity/saml/saml_reason.h"

/* The page says what is known of the provider's side; gateway/web/html/logged-out.html. */
static result answer_logged_out(struct scope *scope, struct call *call,
                                enum saml_logout_outcome outcome) {
    static const char *const WORDS[SAML_LOGOUT_OUTCOME_COUNT] = {
        [SAML_LOGOUT_DONE] = "/logged-out?provider=done",
        [SAML_LOGOUT_PARTIAL] = "/logged-out?provider=partial",
        [SAML_LOGOUT_FAILED] = "/logged-out?provider=failed",
    };
    return http_answer_redirect(scope, call->response, 303, str_from_c(WORDS[outcome]));
}

result saml_logout_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct str ticket = STR("");
    struct saml_outgoing outgoing;
    TRY(saml_routed_connection(scope, call, &connection));
    TRY(call_query(scope, call, STR("ticket"), &ticket));
    const result sent = saml_logout_send(scope, call, &connection, ticket, &outgoing);
    if (is_ok(sent)) {
        return saml_page_logout(scope, &outgoing, STR(""), call->response);
    }
    /* Reload, back button: the browser has been there. */
    if (sent.code == NOT_FOUND) {
        return http_answer_redirect(scope, call->response, 303, STR("/logged-out"));
    }
    /* The session here is over already; that the provider cannot be told must not hide it. */
    log_warning(scope, "saml.logout_unsent", LOG_ORG(connection.org_id),
                LOG_ID("connection", connection.id), LOG_CODE(sent), LOG_REASON(scope));
    return answer_logged_out(scope, call, SAML_LOGOUT_FAILED);
}

static result answer(struct scope *scope, struct call *call,
                     const struct saml_logout_arrival *arrival) {
    if (!arrival->is_request) {
        return answer_logged_out(scope, call, arrival->outcome);
    }
    if (!arrival->has_answer) {
        return http_answer_redirect(scope, call->response, 303, STR("/logged-out"));
    }
    return saml_page_logout(scope, &arrival->answer, arrival->framed_by, call->response);
}

static result finish(struct scope *scope, struct call *call, const struct saml_logout_input *input,
                     struct str relay_state) {
    struct connection connection;
    struct saml_logout_arrival arrival;
    TRY(saml_routed_connection(scope, call, &connection));
    const result finished =
        saml_logout_finish(scope, call, &connection, input, relay_state, &arrival);
    return is_ok(finished) ? answer(scope, call, &arrival) : saml_refuse_alike(scope, finished);
}

result saml_slo_get_http(struct scope *scope, struct call *call) {
    const struct saml_logout_input input = {.binding = SAML_REDIRECT,
                                            .bytes = call->request->query};
    return finish(scope, call, &input, STR(""));
}

/* Exactly one message, and RelayState at most once. */
static result parse(struct scope *scope, struct str body, struct saml_logout_input *ret_input,
                    struct str *ret_relay_state) {
    struct form *form = NEW(scope->arena, struct form);
    struct str request = STR("");
    struct str response = STR("");
    struct str relay_state = STR("");
    bool is_request = false;
    bool is_response = false;
    SAML_REQUIRE(scope,
                 is_ok(form_parse(scope, body, form)) &&
                     is_ok(form_get(scope, form, STR("SAMLRequest"), &request, &is_request)) &&
                     is_ok(form_get(scope, form, STR("SAMLResponse"), &response, &is_response)) &&
                     is_ok(form_get(scope, form, STR("RelayState"), &relay_state, NULL)) &&
                     is_request != is_response,
                 SAML_QUERY);
    *ret_input = (struct saml_logout_input){
        .binding = SAML_POST,
        .is_request = is_request,
        .bytes = is_request ? request : response,
    };
    *ret_relay_state = relay_state;
    return OK_RESULT;
}

result saml_slo_post_http(struct scope *scope, struct call *call) {
    struct saml_logout_input input;
    struct str relay_state = STR("");
    const result parsed = parse(scope, call->request->body, &input, &relay_state);
    return is_ok(parsed) ? finish(scope, call, &input, relay_state)
                         : saml_refuse_alike(scope, parsed);
}
