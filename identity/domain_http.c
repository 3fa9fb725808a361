#include "base/url.h"
#include "identity/connection.h"
#include "identity/connection_http.h"
#include "identity/domain.h"

static void write_domain(struct scope *scope, struct json_out *out, const struct domain *domain) {
    json_out_open_object(out);
    json_out_member(out, "id", domain->name);
    json_out_member(out, "domain", domain->name);
    json_out_member(out, "state", domain->verified_us > 0 ? STR("proved") : STR("pending"));
    json_out_member(out, "txt_name", domain_record_name(scope, domain->name));
    json_out_member(out, "txt_value", domain->challenge);
    json_out_member_or_null(out, "connection", domain->connection_id);
    json_out_member_time(out, "created_at", domain->created_us);
    json_out_member_time(out, "proved_at", domain->verified_us);
    json_out_close_object(out);
}

static void answer_domain(struct scope *scope, const struct call *call, int status,
                          const struct domain *domain) {
    struct json_out out = json_out_begin(scope->arena);
    write_domain(scope, &out, domain);
    http_answer_json(call->response, status, json_out_end(&out));
}

result domains_list_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    struct domain_list list;
    TRY(domain_list_all(scope, call->db, call->actor->org_id, &list));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "items");
    json_out_open_array(&out);
    for (size_t i = 0; i < list.count; i++) {
        write_domain(scope, &out, &list.domains[i]);
    }
    json_out_close_array(&out);
    json_out_name(&out, "next");
    json_out_null(&out);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

result domain_create_http(struct scope *scope, struct call *call) {
    static const struct str MEMBERS[] = {STR_INIT("domain")};
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    const struct json *body = NULL;
    struct str name = STR("");
    struct domain domain;
    TRY(call_json(scope, call, &body));
    TRY(json_only(scope, body, MEMBERS, 1));
    REQUIRE(scope, is_ok(json_need_string(scope, body, MEMBERS[0], &name)), INVALID, "domain.name");
    TRY(domain_add(scope, call->db, call->actor, call->request->request_id, name, &domain));
    answer_domain(scope, call, 201, &domain);
    return OK_RESULT;
}

result domain_delete_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    TRY(domain_remove(scope, call->db, call->actor, call->request->request_id,
                      call->request->path_args[0]));
    http_answer_empty(call->response, 204);
    return OK_RESULT;
}

result domain_verify_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    struct domain domain;
    TRY(domain_prove(scope, call->db, call->actor, call->request->request_id,
                     call->request->path_args[0], &domain));
    answer_domain(scope, call, 200, &domain);
    return OK_RESULT;
}
