#include "identity/saml/saml_http.h"

#include "base/arena.h"
#include "base/url.h"
#include "identity/navigation.h"
#include "identity/saml/saml_door.h"
#include "identity/saml/saml_login.h"
#include "identity/saml/saml_meter.h"
#include "identity/saml/saml_page.h"
#include "identity/saml/saml_reason.h"
#include "identity/sign_in_record.h"

result saml_routed_connection(struct scope *scope, const struct call *call,
                              struct connection *ret) {
    TRY(connection_find_routed(scope, call->db, call->request->path_args[0], ret));
    REQUIRE(scope, ret->kind == CONNECTION_SAML, NOT_FOUND, "connection.unknown");
    return OK_RESULT;
}

static bool comes_from_elsewhere(const struct http_request *request) {
    const struct str site = http_header_get(request, "Sec-Fetch-Site");
    return str_eq(site, STR("cross-site")) || str_eq(site, STR("same-site"));
}

/* A test is an administrator's of this very organisation, signed in in this browser; and wanted: a
 * link on another site does not make the connection one that has been tested. */
static result check_tester(struct scope *scope, const struct call *call,
                           const struct connection *connection, struct principal *ret) {
    REQUIRE(scope,
            !comes_from_elsewhere(call->request) && navigation_session(scope, call, ret) &&
                str_eq(ret->actor.org_id, connection->org_id) &&
                role_may(ret->actor.role, MAY_MANAGE_ACCESS),
            FORBIDDEN, "saml.tester");
    return OK_RESULT;
}

/* Back from an answer that was used before: the browser sends the session's cookie with this
 * navigation, and did not with the provider's form. Who is signed in has arrived. */
static result arrive_again(struct scope *scope, struct call *call) {
    SAML_REQUIRE(scope, navigation_has_session(scope, call), SAML_STATE);
    return http_answer_redirect(scope, call->response, 303, STR("/"));
}

result saml_login_http(struct scope *scope, struct call *call) {
    REQUIRE(scope, navigation_is(call->request), UNAUTHENTICATED, "saml.navigation");
    struct connection connection;
    struct saml_start start = {.return_path = STR("")};
    struct str test = STR("");
    struct str used = STR("");
    struct principal tester;
    struct saml_outgoing outgoing;
    TRY(saml_routed_connection(scope, call, &connection));
    TRY(call_query(scope, call, STR("return"), &start.return_path));
    TRY(call_query(scope, call, STR("test"), &test));
    TRY(call_query(scope, call, STR("used"), &used));
    if (used.len > 0) {
        return arrive_again(scope, call);
    }
    if (start.return_path.len == 0) {
        start.return_path = STR("/");
    }
    TRY(url_check_return_path(scope, start.return_path));
    if (test.len > 0) {
        TRY(check_tester(scope, call, &connection, &tester));
        start.tester = &tester.actor;
    }
    TRY(saml_login_begin(scope, call, &connection, &start, &outgoing));
    return saml_page_outgoing(scope, &outgoing, call->response);
}

result saml_refuse_alike(struct scope *scope, result refused) {
    const bool is_message = refused.code == INVALID || refused.code == UNAUTHENTICATED;
    return is_message ? FAIL(scope, INVALID, "saml.refused") : refused;
}

/* Reload, back button, a second click: the message is used, and perhaps the person is in. The
 * provider's form came without the session's cookie, so a browser is asked again on our own site.
 */
static result refuse_or_arrive(struct scope *scope, struct call *call,
                               const struct connection *connection, result refused) {
    const enum saml_reason reason = saml_reason_of(scope);
    if (reason != SAML_STATE && reason != SAML_REPLAY) {
        return saml_refuse_alike(scope, refused);
    }
    if (navigation_has_session(scope, call)) {
        return http_answer_redirect(scope, call->response, 303, STR("/"));
    }
    if (!comes_from_elsewhere(call->request)) {
        return saml_refuse_alike(scope, refused);
    }
    return http_answer_redirect(
        scope, call->response, 303,
        str_format(scope->arena, "/saml/%.*s/login?used=1", STR_ARG(connection->id)));
}

static result answer(struct scope *scope, struct call *call, const struct connection *connection,
                     const struct saml_arrival *arrival) {
    switch (arrival->end) {
    case SAML_SIGNED_IN:
        TRY(session_set_cookie(scope, call->identity, arrival->login.cookie_value, call->response));
        return http_answer_redirect(scope, call->response, 303, arrival->return_path);
    case SAML_RESTARTED: return saml_page_outgoing(scope, &arrival->outgoing, call->response);
    case SAML_TESTED:
        saml_page_tested(scope, connection->id, arrival, call->response);
        return OK_RESULT;
    }
    return FAIL(scope, INTERNAL, "saml.build");
}

/* What could not even be read as a message is counted and told to administrators all the same. */
static result refuse_unread(struct scope *scope, struct call *call,
                            const struct connection *connection, result refused) {
    saml_meter_count(call->identity->saml_meter, scope, SAML_MESSAGE_RESPONSE, refused);
    sign_in_record_refusal(scope, call, connection, (struct sign_in_record){.is_junk = true});
    return refused;
}

result saml_acs_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct saml_answer posted;
    struct saml_arrival *arrival = NEW(scope->arena, struct saml_arrival);
    TRY(saml_routed_connection(scope, call, &connection));
    const result parsed = saml_answer_parse(scope, call->request->body, &posted);
    if (!is_ok(parsed)) {
        return saml_refuse_alike(scope, refuse_unread(scope, call, &connection, parsed));
    }
    const result finished = saml_login_finish(scope, call, &connection, &posted, arrival);
    return is_ok(finished) ? answer(scope, call, &connection, arrival)
                           : refuse_or_arrive(scope, call, &connection, finished);
}

/* A provider that was told to answer by redirect; or somebody who types addresses. */
result saml_acs_get_http(struct scope *scope, struct call *call) {
    struct connection connection;
    const bool is_answer = str_find(call->request->query, STR("SAMLResponse=")) >= 0;
    if (!is_answer || !is_ok(saml_routed_connection(scope, call, &connection))) {
        return saml_fail(scope, SAML_BINDING);
    }
    return refuse_unread(scope, call, &connection, saml_fail(scope, SAML_BINDING));
}

result saml_test_answer(struct scope *scope, struct call *call,
                        const struct connection *connection) {
    struct saml_door door;
    const bool is_good = is_ok(saml_door_open(scope, call, connection, &door));
    const char *code = is_good ? NULL : scope->reason;
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member_boolean(&out, "ok", is_good && connection->tested_us > 0);
    json_out_name(&out, "checks");
    json_out_open_array(&out);
    json_out_open_object(&out);
    json_out_member(&out, "check", STR("provider"));
    json_out_member_boolean(&out, "ok", is_good);
    json_out_member_or_null(&out, "code", str_from_c(code));
    json_out_close_object(&out);
    json_out_open_object(&out);
    json_out_member(&out, "check", STR("sign_in"));
    json_out_member_boolean(&out, "ok", connection->tested_us > 0);
    json_out_member_or_null(&out, "code", STR(""));
    json_out_close_object(&out);
    json_out_close_array(&out);
    json_out_member(&out, "start_url",
                    str_format(scope->arena, "%.*s/saml/%.*s/login?test=1",
                               STR_ARG(call->identity->public_url), STR_ARG(connection->id)));
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}
