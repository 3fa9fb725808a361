#include "base/clock.h"
#include "base/env.h"
#include "base/time_text.h"
#include "identity/api_token.h"
#include "identity/identity_http.h"
#include "messaging/api_json.h"

enum { TOKEN_DEFAULT_DAYS = 365, TOKEN_MAX_DAYS = 3650 };

#define DAY_US S_TO_US(24 * 3600)

static void write_scopes(struct json_out *out, struct str scopes) {
    json_out_name(out, "scopes");
    json_out_open_array(out);
    struct str rest = scopes;
    while (!str_is_empty(rest)) {
        struct str head;
        rest = str_split(rest, ' ', &head);
        if (!str_is_empty(head)) {
            json_out_string(out, head);
        }
    }
    json_out_close_array(out);
}

/* `secret` empty: it is not shown a second time. */
static void write_token(struct json_out *out, const struct api_token *token, struct str secret) {
    json_out_open_object(out);
    json_out_member(out, "id", token->id);
    json_out_member(out, "kind", str_from_c(credential_kind_name(token->kind)));
    json_out_member(out, "name", token->name);
    write_scopes(out, token->scopes);
    json_out_member_or_null(out, "connection", token->connection_id);
    json_out_member_or_null(out, "owner", token->owner_id);
    json_out_member_boolean(out, "creator_left", token->is_creator_gone);
    json_out_member_time(out, "flagged_at", token->flagged_us);
    json_out_member_time(out, "created_at", token->created_us);
    json_out_member_time(out, "expires_at", token->expires_us);
    json_out_member_time(out, "last_used_at", token->used_us);
    if (!str_is_empty(secret)) {
        json_out_member(out, "secret", secret);
    }
    json_out_close_object(out);
}

result tokens_list_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    struct api_token_list list;
    TRY(api_token_list_all(scope, call->db, call->actor->org_id, &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        write_token(&out, &list.tokens[i], STR(""));
    }
    http_answer_json(call->response, 200, api_list_end(&out, STR("")));
    return OK_RESULT;
}

static result read_expiry(struct scope *scope, const struct json *body, int64_t *ret_us) {
    struct str text = STR("");
    int64_t lasts_us = TOKEN_DEFAULT_DAYS * DAY_US;
    TRY(json_optional_string(scope, body, STR("expires_in"), &text));
    if (!str_is_empty(text)) {
        REQUIRE(scope, is_ok(duration_parse(scope, text, &lasts_us)), INVALID, "token.expiry");
    }
    REQUIRE(scope, lasts_us > 0 && lasts_us <= TOKEN_MAX_DAYS * DAY_US, INVALID, "token.expiry");
    *ret_us = clock_now_us(scope->env->clock) + lasts_us;
    return OK_RESULT;
}

/* An empty list says what is: no scope narrows the token. */
static result check_scopes(struct scope *scope, const struct json *body) {
    const struct json *scopes = json_get(body, STR("scopes"));
    REQUIRE(scope, scopes == NULL || (json_is_array(scopes) && json_count(scopes) == 0), INVALID,
            "token.scopes");
    return OK_RESULT;
}

static result read_kind(struct scope *scope, const struct json *body, enum credential_kind *ret) {
    struct str kind = STR("");
    TRY(json_need_string(scope, body, STR("kind"), &kind));
    if (str_eq(kind, STR("scim"))) {
        *ret = CREDENTIAL_SCIM_TOKEN;
        return OK_RESULT;
    }
    REQUIRE(scope, str_eq(kind, STR("admin")), INVALID, "token.kind");
    *ret = CREDENTIAL_ADMIN_TOKEN;
    return OK_RESULT;
}

static result read_token(struct scope *scope, const struct call *call, struct new_api_token *ret) {
    const struct json *body = NULL;
    TRY(call_json(scope, call, &body));
    struct new_api_token input = {
        .org_id = call->actor->org_id,
        .actor = call->actor,
        .source = SOURCE_CONSOLE,
        .request_id = call->request->request_id,
    };
    TRY(read_kind(scope, body, &input.kind));
    TRY(json_need_string(scope, body, STR("name"), &input.name));
    TRY(json_optional_string(scope, body, STR("connection"), &input.connection_id));
    TRY(read_expiry(scope, body, &input.expires_us));
    TRY(check_scopes(scope, body));
    *ret = input;
    return OK_RESULT;
}

result token_create_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    struct new_api_token input;
    TRY(read_token(scope, call, &input));
    struct api_token token;
    struct str secret;
    TRY(api_token_create(scope, call->db, &input, &token, &secret));
    struct json_out out = json_out_begin(scope->arena);
    write_token(&out, &token, secret);
    http_answer_json(call->response, 201, json_out_end(&out));
    return OK_RESULT;
}

result token_revoke_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    const struct token_end end = {
        .org_id = call->actor->org_id,
        .id = call->request->path_args[0],
        .actor = call->actor,
        .source = SOURCE_CONSOLE,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
    TRY(api_token_revoke(scope, call->messaging, call->db, &end, &call->revoked));
    http_answer_empty(call->response, 204);
    return OK_RESULT;
}
