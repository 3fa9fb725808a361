/* A new organisation by its creator's own hand, where the operator allows it. */

#include "base/password.h"
#include "identity/identity_http.h"
#include "identity/password_login.h"
#include "messaging/api_json.h"

static result read_dpa(struct scope *scope, const struct json *body, struct dpa *ret) {
    const struct json *json = json_get(body, STR("dpa"));
    if (json == NULL || json_kind(json) == JSON_NULL) {
        return OK_RESULT;
    }
    struct dpa dpa = {0};
    TRY(json_need_string(scope, json, STR("version"), &dpa.version));
    TRY(json_need_string(scope, json, STR("language"), &dpa.language));
    TRY(json_need_string(scope, json, STR("signer_name"), &dpa.signer_name));
    TRY(json_need_string(scope, json, STR("legal_name"), &dpa.legal_name));
    REQUIRE(scope, !str_is_empty(dpa.version), INVALID, "org.dpa");
    *ret = dpa;
    return OK_RESULT;
}

static result read_org(struct scope *scope, const struct call *call, struct new_org *ret,
                       struct secret *ret_password) {
    const struct json *body = NULL;
    TRY(call_json(scope, call, &body));
    struct new_org input = {.source = SOURCE_CONSOLE, .request_id = call->request->request_id};
    struct secret password = {{"", 0}};
    TRY(json_need_string(scope, body, STR("name"), &input.name));
    TRY(json_need_string(scope, body, STR("slug"), &input.slug));
    const struct json *creator = json_get(body, STR("creator"));
    REQUIRE(scope, json_is_object(creator), INVALID, "json.missing");
    TRY(json_need_string(scope, creator, STR("email"), &input.creator.email));
    TRY(json_need_string(scope, creator, STR("password"), &password.bytes));
    TRY(json_optional_string(scope, creator, STR("display_name"), &input.creator.display_name));
    TRY(read_dpa(scope, body, &input.dpa));
    input.creator.user_name = input.creator.email;
    *ret = input;
    *ret_password = password;
    return OK_RESULT;
}

static result create(struct scope *scope, struct call *call, const struct new_org *input,
                     struct str hash, struct org *ret_org, struct user *ret_creator) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(org_create(scope, tx, input, ret_org, ret_creator));
    const struct password_change change = {
        .org_id = ret_org->id,
        .user_id = ret_creator->id,
        .hash = hash,
        .source = SOURCE_CONSOLE,
        .request_id = input->request_id,
    };
    TRY(local_password_set(scope, tx, &change));
    return tx_commit(scope, tx);
}

result org_sign_up_http(struct scope *scope, struct call *call) {
    REQUIRE(scope, call->messaging->is_signup_open, FORBIDDEN, "signup.closed");
    struct new_org input;
    struct secret password;
    TRY(read_org(scope, call, &input, &password));
    struct str hash;
    TRY(password_hash(scope, password, &hash));
    struct org org;
    struct user creator;
    TRY(create(scope, call, &input, hash, &org, &creator));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "org");
    api_org(&out, &org);
    json_out_name(&out, "user");
    api_user(&out, &creator, true);
    json_out_close_object(&out);
    http_answer_json(call->response, 201, json_out_end(&out));
    return OK_RESULT;
}
