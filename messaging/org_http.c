#include "base/json.h"
#include "messaging/api_json.h"
#include "messaging/messaging_http.h"

static result answer(struct scope *scope, struct call *call) {
    struct org org;
    TRY(org_find(scope, call->db, call->actor->org_id, &org));
    struct json_out out = json_out_begin(scope->arena);
    api_org(&out, &org);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

result org_get_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_USE_MESSENGER));
    return answer(scope, call);
}

static result rename_org(struct scope *scope, struct call *call, struct str name) {
    const struct audit audit = {
        .org_id = call->actor->org_id,
        .actor = call->actor,
        .source = SOURCE_CONSOLE,
        .action = AUDIT_ORG_CHANGED,
        .subject_kind = SUBJECT_ORG,
        .subject_id = call->actor->org_id,
        .request_id = call->request->request_id,
    };
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, call->actor));
    TRY(org_rename(scope, tx, call->actor->org_id, name));
    TRY(audit_append(scope, tx, &audit));
    return tx_commit(scope, tx);
}

result org_patch_http(struct scope *scope, struct call *call) {
    static const struct str NAMES[] = {STR_INIT("name")};
    TRY(call_require(scope, call, MAY_MANAGE_ORG));
    const struct json *body = NULL;
    TRY(call_json(scope, call, &body));
    TRY(json_only(scope, body, NAMES, 1));
    if (json_get(body, NAMES[0]) != NULL) {
        struct str name = STR("");
        TRY(json_need_string(scope, body, NAMES[0], &name));
        TRY(rename_org(scope, call, name));
    }
    return answer(scope, call);
}
