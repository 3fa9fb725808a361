#include "base/cookie.h"
#include "base/log.h"
#include "base/random.h"
#include "identity/identity_http.h"
#include "identity/oidc/oidc_logout.h"
#include "identity/password_login.h"
#include "identity/saml/saml_logout.h"
#include "messaging/api_json.h"

static result read_cookie(struct scope *scope, const struct call *call, struct str *ret) {
    return cookie_get(scope, http_header_get(call->request, "Cookie"),
                      str_from_c(session_cookie_name(call->identity)), ret);
}

/* {"user": …, "org": …, "csrf": …} */
static result write_signed_in(struct scope *scope, struct call *call, struct str org_id,
                              struct str user_id, struct str csrf) {
    struct user user;
    struct org org;
    TRY(user_find(scope, call->db, org_id, user_id, &user));
    TRY(org_find(scope, call->db, org_id, &org));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "user");
    api_user(&out, &user, true);
    json_out_name(&out, "org");
    api_org(&out, &org);
    json_out_member(&out, "csrf", csrf);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

static result read_attempt(struct scope *scope, const struct call *call,
                           struct password_attempt *ret) {
    const struct json *body = NULL;
    TRY(call_json(scope, call, &body));
    struct password_attempt attempt = {
        .client_address = call->request->client_address,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
    TRY(json_need_string(scope, body, STR("org"), &attempt.org_slug));
    TRY(json_need_string(scope, body, STR("email"), &attempt.email));
    TRY(json_need_string(scope, body, STR("password"), &attempt.password.bytes));
    TRY(read_cookie(scope, call, &attempt.old_cookie));
    *ret = attempt;
    return OK_RESULT;
}

/* Answered here, because only this place knows for how long. */
static result answer_throttled(struct scope *scope, struct call *call, int64_t retry_after_s) {
    log_info(scope, "login.throttled", LOG_REQUEST(call->request->request_id),
             LOG_COUNT("retry_after_s", retry_after_s));
    http_answer_problem(scope, call->response, 429, "login.throttled", call->request->request_id);
    return http_header_add(scope, call->response, "Retry-After",
                           str_format(scope->arena, "%lld", (long long) retry_after_s));
}

static result answer_signed_in(struct scope *scope, struct call *call,
                               const struct login_result *login) {
    struct credential credential;
    TRY(credential_parse_session(scope, login->cookie_value, &credential));
    TRY(write_signed_in(scope, call, credential.org_id, login->user_id, login->csrf));
    return session_set_cookie(scope, call->identity, login->cookie_value, call->response);
}

result session_sign_in_http(struct scope *scope, struct call *call) {
    struct password_attempt attempt;
    TRY(read_attempt(scope, call, &attempt));
    struct login_result login;
    int64_t retry_after_s = 0;
    const result signed_in = password_login_run(scope, call, &attempt, &login, &retry_after_s);
    if (signed_in.code == THROTTLED) {
        return answer_throttled(scope, call, retry_after_s);
    }
    TRY(signed_in);
    return answer_signed_in(scope, call, &login);
}

result me_http(struct scope *scope, struct call *call) {
    REQUIRE(scope, call->actor != NULL && call->actor->kind == ACTOR_USER, FORBIDDEN,
            "role.forbidden");
    struct str cookie = STR("");
    TRY(read_cookie(scope, call, &cookie));
    const bool has_token = http_header_is_present(call->request, "Authorization");
    const struct str csrf =
        has_token || str_is_empty(cookie) ? STR("") : csrf_of_session(scope, cookie);
    return write_signed_in(scope, call, call->actor->org_id, call->actor->id, csrf);
}

/* From the shard's memory, without a database: for pages and proxies that ask often. */
result session_check_http(struct scope *scope, struct call *call) {
    REQUIRE(scope, call->actor != NULL && call->actor->kind == ACTOR_USER, FORBIDDEN,
            "role.forbidden");
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "user", call->actor->id);
    json_out_member(&out, "org", call->actor->org_id);
    json_out_member(&out, "role", str_from_c(role_name(call->actor->role)));
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

static struct session_end end_of(const struct call *call, struct str user_id,
                                 struct str session_id) {
    return (struct session_end){
        .org_id = call->actor->org_id,
        .user_id = user_id,
        .session_id = session_id,
        .actor = call->actor,
        .source = SOURCE_CONSOLE,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
}

/* Where the browser goes on to; empty: nowhere. Signing out here must not hang on the provider's
 * part, so a failure is none. */
static struct str provider_logout(struct scope *scope, struct call *call, struct str session_id) {
    const struct str org_id = call->actor->org_id;
    struct str url = STR("");
    if (is_ok(oidc_logout_url(scope, call, org_id, session_id, &url)) && url.len > 0) {
        return url;
    }
    return is_ok(saml_logout_begin(scope, call, org_id, session_id, &url)) ? url : STR("");
}

result session_sign_out_http(struct scope *scope, struct call *call) {
    REQUIRE(scope, call->actor != NULL && call->actor->kind == ACTOR_USER, FORBIDDEN,
            "role.forbidden");
    const struct str session_id = call->actor->credential_id;
    const struct str redirect = provider_logout(scope, call, session_id);
    const struct session_end end = end_of(call, call->actor->id, session_id);
    TRY(session_end(scope, call->messaging, call->db, &end, &call->revoked));
    TRY(session_clear_cookie(scope, call->identity, call->response));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member_or_null(&out, "redirect", redirect);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

/* One's own, or those of others for who manages people; of a creator, a creator alone. */
static result check_whose(struct scope *scope, const struct call *call, struct str user_id) {
    REQUIRE(scope, call->actor != NULL && call->actor->kind == ACTOR_USER, FORBIDDEN,
            "role.forbidden");
    if (str_eq(user_id, call->actor->id)) {
        return OK_RESULT;
    }
    TRY(call_require(scope, call, MAY_MANAGE_PEOPLE));
    struct user user;
    TRY(user_find(scope, call->db, call->actor->org_id, user_id, &user));
    REQUIRE(scope, user.role != ROLE_CREATOR || call->actor->role == ROLE_CREATOR, FORBIDDEN,
            "role.forbidden");
    return OK_RESULT;
}

static void write_session(struct json_out *out, const struct call *call,
                          const struct session *session) {
    json_out_open_object(out);
    json_out_member(out, "id", session->id);
    json_out_member_time(out, "created_at", session->created_us);
    json_out_member_time(out, "last_seen_at", session->seen_us);
    json_out_member_time(out, "expires_at", session->expires_us);
    json_out_member(out, "method", session->method);
    json_out_member_boolean(out, "current", str_eq(session->id, call->actor->credential_id));
    json_out_close_object(out);
}

result user_sessions_list_http(struct scope *scope, struct call *call) {
    const struct str user_id = call->request->path_args[0];
    TRY(check_whose(scope, call, user_id));
    struct page_request page;
    TRY(call_page(scope, call, &page));
    REQUIRE(scope, str_is_empty(page.cursor) || uuid_is_valid(page.cursor), INVALID, "page.cursor");
    struct session_list list;
    TRY(session_list_of(scope, call->db, call->actor->org_id, user_id, page.limit, page.cursor,
                        &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        write_session(&out, call, &list.sessions[i]);
    }
    http_answer_json(call->response, 200, api_list_end(&out, list.next_cursor));
    return OK_RESULT;
}

static result end_sessions(struct scope *scope, struct call *call, struct str session_id) {
    const struct str user_id = call->request->path_args[0];
    TRY(check_whose(scope, call, user_id));
    const struct session_end end = end_of(call, user_id, session_id);
    TRY(session_end(scope, call->messaging, call->db, &end, &call->revoked));
    struct receipt receipt;
    const result found =
        receipt_find(scope, call->db, call->actor->org_id, call->revoked.id, &receipt);
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "revocation");
    if (found.code == NOT_FOUND) { /* one's own session */
        json_out_null(&out);
    } else {
        TRY(found);
        api_receipt(scope, &out, &receipt);
    }
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

result user_sessions_end_http(struct scope *scope, struct call *call) {
    return end_sessions(scope, call, STR(""));
}

result user_session_end_http(struct scope *scope, struct call *call) {
    const struct str session_id = call->request->path_args[1];
    REQUIRE(scope, uuid_is_valid(session_id), NOT_FOUND, "session.unknown");
    return end_sessions(scope, call, session_id);
}
