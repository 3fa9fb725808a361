/* What was done: receipts of revocations, and the audit trail. */

#include "base/json.h"
#include "base/random.h"
#include "messaging/api_json.h"
#include "messaging/messaging_http.h"

static result read_page(struct scope *scope, const struct call *call, struct page_request *ret) {
    TRY(call_require(scope, call, MAY_READ_RECORDS));
    struct page_request page;
    TRY(call_page(scope, call, &page));
    REQUIRE(scope, str_is_empty(page.cursor) || uuid_is_valid(page.cursor), INVALID, "page.cursor");
    *ret = page;
    return OK_RESULT;
}

result revocations_list_http(struct scope *scope, struct call *call) {
    struct page_request page;
    TRY(read_page(scope, call, &page));
    struct str user_id = STR("");
    TRY(call_query(scope, call, STR("user"), &user_id));
    struct receipt_list list;
    TRY(receipt_list(scope, call->db, call->actor->org_id, user_id, page.limit, page.cursor,
                     &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        api_receipt(scope, &out, &list.receipts[i]);
    }
    http_answer_json(call->response, 200, api_list_end(&out, list.next_cursor));
    return OK_RESULT;
}

result audit_list_http(struct scope *scope, struct call *call) {
    struct page_request page;
    TRY(read_page(scope, call, &page));
    struct audit_list list;
    TRY(audit_list(scope, call->db, call->actor->org_id, page.limit, page.cursor, &list));
    struct json_out out = api_list_begin(scope);
    for (size_t i = 0; i < list.count; i++) {
        api_audit(&out, &list.rows[i]);
    }
    http_answer_json(call->response, 200, api_list_end(&out, list.next_cursor));
    return OK_RESULT;
}
