#include "identity/identity_http.h"
#include "identity/invitation.h"
#include "messaging/org.h"

result invitation_accept_http(struct scope *scope, struct call *call) {
    const struct json *body = NULL;
    struct invitation_answer answer = {.request_id = call->request->request_id};
    TRY(call_json(scope, call, &body));
    TRY(json_need_string(scope, body, STR("token"), &answer.token));
    TRY(json_need_string(scope, body, STR("password"), &answer.password.bytes));
    struct str org_id;
    struct org org;
    TRY(invitation_accept(scope, call->db, &answer, &org_id));
    TRY(org_find(scope, call->db, org_id, &org));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "org", org.slug);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}
