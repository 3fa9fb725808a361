#include "base/log.h"
#include "base/random.h"
#include "identity/sign_in_record.h"
#include "messaging/api_json.h"
#include "messaging/call.h"

void sign_in_record_refusal(struct scope *scope, struct call *call,
                            const struct connection *connection, struct sign_in_record record) {
    const char *reason = scope->reason;
    record.org_id = connection->org_id;
    record.connection_id = connection->id;
    record.request_id = call->request->request_id;
    record.reason = record.reason.len > 0 ? record.reason : str_from_c(reason);
    record.detail = record.detail.len > 0 ? record.detail : STR("{}");
    const result added = sign_in_record_add(scope, call->db, &record);
    if (!is_ok(added)) {
        log_warning(scope, "sign_in_record.failed", LOG_ORG(connection->org_id), LOG_CODE(added),
                    LOG_REASON(scope));
    }
    scope->reason = reason;
}

static void write_record(struct scope *scope, struct json_out *out,
                         const struct sign_in_record *record) {
    const struct json *detail = NULL;
    json_out_open_object(out);
    json_out_member(out, "id", record->id);
    json_out_member_time(out, "at", record->at_us);
    json_out_member(out, "request_id", record->request_id);
    json_out_member_boolean(out, "test", record->is_test);
    json_out_member(out, "reason", record->reason);
    json_out_member_or_null(out, "want", record->want);
    json_out_member_or_null(out, "got", record->got);
    json_out_member_number(out, "times", record->times);
    json_out_name(out, "detail");
    if (is_ok(json_read(scope, record->detail, &detail))) {
        json_out_value(out, detail);
    } else {
        json_out_null(out);
    }
    json_out_close_object(out);
}

result connection_logins_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct page_request page;
    struct sign_in_records list;
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    TRY(connection_find(scope, call->db, call->actor->org_id, call->request->path_args[0],
                        &connection));
    TRY(call_page(scope, call, &page));
    REQUIRE(scope, str_is_empty(page.cursor) || uuid_is_valid(page.cursor), INVALID, "page.cursor");
    TRY(sign_in_record_list(scope, call->db, connection.org_id, connection.id, page.limit,
                            page.cursor, &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        write_record(scope, &out, &list.records[i]);
    }
    http_answer_json(call->response, 200, api_list_end(&out, list.next_cursor));
    return OK_RESULT;
}
