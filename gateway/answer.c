#include "gateway/answer.h"

#include <assert.h>

#include "base/json.h"
#include "base/log.h"
#include "gateway/pages.h"

/* RFC 7644 section 3.12. The adapter of provisioning sets its own scimType answers; this is what
 * fails before or around it: credentials, limits, unknown paths. */
static void answer_scim(struct scope *scope, struct exchange *exchange, int status) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "schemas");
    json_out_open_array(&out);
    json_out_string(&out, STR("urn:ietf:params:scim:api:messages:2.0:Error"));
    json_out_close_array(&out);
    json_out_member(&out, "status", str_format(scope->arena, "%d", status));
    json_out_member(&out, "detail",
                    str_format(scope->arena, "%s (request %.*s)", exchange->reason,
                               STR_ARG(exchange->request.request_id)));
    json_out_close_object(&out);
    exchange->response.status = status;
    exchange->response.content_type = "application/scim+json";
    exchange->response.body = json_out_end(&out);
}

static int status_of(const struct exchange *exchange) {
    static const struct {
        struct str reason;
        int status;
    } OWN_STATUS[] = {
        {STR_INIT("http.headers"), 431},
        {STR_INIT("route.method"), 405},
        {STR_INIT("request.media_type"), 415},
    };
    const struct str reason = str_from_c(exchange->reason);
    for (size_t i = 0; i < sizeof OWN_STATUS / sizeof OWN_STATUS[0]; i++) {
        if (str_eq(OWN_STATUS[i].reason, reason)) {
            return OWN_STATUS[i].status;
        }
    }
    return code_status(exchange->outcome.code);
}

/* Values of our own making always fit. */
static void add_header(struct scope *scope, struct http_response *response, const char *name,
                       struct str value) {
    const result added = http_header_add(scope, response, name, value);
    assert(is_ok(added));
}

static void add_headers(struct scope *scope, struct exchange *exchange) {
    struct http_response *response = &exchange->response;
    if (response->status == 401) {
        add_header(scope, response, "WWW-Authenticate", STR("Bearer realm=\"gatehouse\""));
    }
    const bool is_worth_a_retry = response->status == 503 || response->status == 429;
    const int64_t wait_s = exchange->retry_after_s > 0 ? exchange->retry_after_s : 1;
    if (is_worth_a_retry) {
        add_header(scope, response, "Retry-After",
                   str_format(scope->arena, "%lld", (long long) wait_s));
    }
}

void answer_failure(struct exchange *exchange) {
    const struct env *env = shard_env(exchange->shard);
    struct scope scope = {exchange->arena, env, exchange->reason};
    const int status = status_of(exchange);
    const struct http_header kept = exchange->response.headers[0]; /* Allow of a 405 */
    const size_t kept_count = status == 405 ? exchange->response.header_count : 0;
    exchange->response = (struct http_response){.status = status, .header_count = kept_count};
    exchange->response.headers[0] = kept;
    const enum route_errors errors =
        exchange->route == NULL ? ERRORS_PROBLEM : exchange->route->errors;
    switch (errors) {
    case ERRORS_PROBLEM:
        http_answer_problem(&scope, &exchange->response, status, exchange->reason,
                            exchange->request.request_id);
        break;
    case ERRORS_SCIM: answer_scim(&scope, exchange, status); break;
    case ERRORS_PAGE:
        page_answer_error(&scope, &exchange->response, status, str_from_c(exchange->reason),
                          exchange->request.request_id);
        break;
    }
    add_headers(&scope, exchange);
    const enum log_level level = status >= 500 ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
    const struct log_field fields[] = {
        LOG_REQUEST(exchange->request.request_id),
        LOG_WORD("route", exchange->route == NULL ? "none" : exchange->route->name),
        LOG_COUNT("status", status),
        LOG_WORD("reason", exchange->reason),
    };
    log_write(env, level, "request.failed", fields, sizeof fields / sizeof fields[0]);
}
