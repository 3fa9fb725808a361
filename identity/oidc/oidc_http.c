#include "identity/oidc/oidc_http.h"

#include "base/json.h"
#include "base/log.h"
#include "identity/navigation.h"
#include "identity/oidc/client_key.h"
#include "identity/oidc/oidc_login.h"
#include "identity/oidc/oidc_logout.h"
#include "identity/oidc/oidc_refresh.h"
#include "identity/sign_in_record.h"

enum { LOGIN_HINT_MAX = 256 };

static result routed_connection(struct scope *scope, const struct call *call,
                                struct connection *ret) {
    return connection_find_routed(scope, call->db, call->request->path_args[0], ret);
}

result oidc_login_http(struct scope *scope, struct call *call) {
    REQUIRE(scope, navigation_is(call->request), UNAUTHENTICATED, "oidc.navigation");
    struct connection connection;
    struct str return_path = STR("");
    struct str login_hint = STR("");
    struct str url;
    TRY(routed_connection(scope, call, &connection));
    TRY(call_query(scope, call, STR("return"), &return_path));
    TRY(call_query(scope, call, STR("login_hint"), &login_hint));
    REQUIRE(scope, login_hint.len <= LOGIN_HINT_MAX && !str_has_control(login_hint), INVALID,
            "oidc.login_hint");
    TRY(oidc_login_begin(scope, call, &connection, return_path, login_hint, &url));
    return http_answer_redirect(scope, call->response, 303, url);
}

/* What the browser must not tell apart is told apart here, for the administrator. */
static void log_refusal(struct scope *scope, struct call *call, const struct connection *connection,
                        result failure, const char *refused) {
    log_info(scope, "oidc.sign_in_failed", LOG_ORG(connection->org_id),
             LOG_ID("connection", connection->id), LOG_CODE(failure), LOG_REASON(scope));
    const struct sign_in_record record = {.reason = str_from_c(refused)};
    sign_in_record_refusal(scope, call, connection, record);
}

result oidc_callback_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct oidc_callback callback;
    struct login_result login = {.refused = NULL};
    struct str return_path;
    TRY(routed_connection(scope, call, &connection));
    TRY(oidc_callback_parse(scope, call->request->query, &callback));
    const result finished =
        oidc_login_finish(scope, call, &connection, &callback, &login, &return_path);
    if (!is_ok(finished)) {
        const char *reason = scope->reason;
        log_refusal(scope, call, &connection, finished, login.refused);
        /* Back button, or a second tab of the same sign-in: who is signed in has arrived. */
        if (str_eq(str_from_c(reason), STR("oidc.attempt")) &&
            navigation_has_session(scope, call)) {
            return http_answer_redirect(scope, call->response, 303, STR("/"));
        }
        scope->reason = reason;
        return finished;
    }
    TRY(session_set_cookie(scope, call->identity, login.cookie_value, call->response));
    return http_answer_redirect(scope, call->response, 303, return_path);
}

result oidc_logged_out_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct str state = STR("");
    TRY(routed_connection(scope, call, &connection));
    TRY(call_query(scope, call, STR("state"), &state));
    TRY(oidc_logout_check_return(scope, call, state));
    return http_answer_redirect(scope, call->response, 303, STR("/logged-out"));
}

result oidc_jwks_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct secret text;
    struct client_keys keys;
    struct jwk jwks[CLIENT_KEYS_MAX];
    TRY(routed_connection(scope, call, &connection));
    TRY(connection_client_key(scope, call->identity, &connection, &text));
    TRY(client_keys_read(scope, text, &keys));
    for (size_t i = 0; i < keys.count; i++) {
        jwks[i] = keys.keys[i].jwk;
    }
    http_answer_json(call->response, 200, jwks_write(scope, jwks, keys.count));
    return OK_RESULT;
}

result oidc_refresh_http(struct scope *scope, struct call *call) {
    struct oidc_refreshed refreshed = {.was_due = false};
    TRY(oidc_refresh(scope, call, &refreshed));
    if (refreshed.has_ended) {
        TRY(session_clear_cookie(scope, call->identity, call->response));
        http_answer_problem(scope, call->response, 401, "session.revoked",
                            call->request->request_id);
        return OK_RESULT;
    }
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member_boolean(&out, "refreshed", refreshed.was_due);
    json_out_member_time(&out, "expires_at", refreshed.access_expires_us);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}
