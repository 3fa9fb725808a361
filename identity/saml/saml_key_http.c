#include "identity/saml/saml_key_http.h"

#include "base/x509.h"
#include "identity/identity.h"
#include "identity/saml/saml_key.h"
#include "messaging/api_json.h"

static struct saml_key_change change_of(const struct call *call) {
    return (struct saml_key_change){
        .identity = call->identity,
        .actor = call->actor,
        .source = SOURCE_CONSOLE,
        .org_id = call->actor->org_id,
        .connection_id = call->request->path_args[0],
        .request_id = call->request->request_id,
    };
}

static void write_key(struct scope *scope, struct json_out *out, const struct saml_own_key *key) {
    json_out_open_object(out);
    json_out_member(out, "id", key->id);
    json_out_member(out, "use", str_from_c(saml_key_use_name(key->use)));
    json_out_member(out, "state", str_from_c(saml_key_state_name(key->state)));
    json_out_member(out, "fingerprint", key->fingerprint);
    json_out_member(out, "certificate", x509_to_pem(scope->arena, key->certificate_der));
    json_out_member_time(out, "created_at", key->created_us);
    json_out_member_time(out, "changed_at", key->changed_us);
    json_out_member_time(out, "expires_at", key->not_after_us);
    json_out_close_object(out);
}

static void answer_key(struct scope *scope, const struct call *call, int status,
                       const struct saml_own_key *key) {
    struct json_out out = json_out_begin(scope->arena);
    write_key(scope, &out, key);
    http_answer_json(call->response, status, json_out_end(&out));
}

result saml_keys_list_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    struct connection connection;
    struct saml_own_keys keys;
    TRY(connection_find(scope, call->db, call->actor->org_id, call->request->path_args[0],
                        &connection));
    TRY(saml_keys_list(scope, call->db, connection.org_id, connection.id, &keys));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < keys.count; i++) {
        write_key(scope, &out, &keys.keys[i]);
    }
    http_answer_json(call->response, 200, api_list_end(&out, STR("")));
    return OK_RESULT;
}

result saml_key_publish_http(struct scope *scope, struct call *call) {
    static const struct str MEMBERS[] = {STR_INIT("use")};
    const struct json *body = NULL;
    struct str text = STR("");
    enum saml_key_use use = SAML_KEY_SIGNING;
    struct saml_own_key key;
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    const struct saml_key_change change = change_of(call);
    TRY(call_json(scope, call, &body));
    TRY(json_only(scope, body, MEMBERS, 1));
    TRY(json_need_string(scope, body, MEMBERS[0], &text));
    TRY(saml_key_use_parse(scope, text, &use));
    TRY(saml_key_publish(scope, &change, call->db, use, &key));
    answer_key(scope, call, 201, &key);
    return OK_RESULT;
}

result saml_key_activate_http(struct scope *scope, struct call *call) {
    struct saml_own_key key;
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    const struct saml_key_change change = change_of(call);
    TRY(saml_key_activate(scope, &change, call->db, call->request->path_args[1], &key));
    answer_key(scope, call, 200, &key);
    return OK_RESULT;
}

result saml_key_drop_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    const struct saml_key_change change = change_of(call);
    TRY(saml_key_drop(scope, &change, call->db, call->request->path_args[1]));
    http_answer_empty(call->response, 204);
    return OK_RESULT;
}
