#include "gateway/pages.h"

#include "gateway/web/assets.h"
#include "gateway/web/page.h"

/* Which embedded file answers a path: pages that carry an argument share one file. */
static struct str asset_path(struct str path) {
    if (str_has_prefix(path, STR("/login/"))) {
        return STR("/login");
    }
    if (str_has_prefix(path, STR("/console/"))) {
        return STR("/console");
    }
    return path;
}

result page_get(struct scope *scope, struct call *call) {
    const struct asset *asset = asset_find(asset_path(call->request->path));
    REQUIRE(scope, asset != NULL, NOT_FOUND, "route.unknown");
    struct http_response *response = call->response;
    response->is_cacheable = true;
    TRY(http_header_add(scope, response, "ETag", asset->etag));
    /* Revalidated each time: a new binary is a new page at once. */
    TRY(http_header_add(scope, response, "Cache-Control", STR("no-cache")));
    if (str_eq(http_header_get(call->request, "if-none-match"), asset->etag)) {
        response->status = 304;
        response->body = asset->bytes; /* for its length, RFC 9110 section 8.6; it is not sent */
        return OK_RESULT;
    }
    response->status = 200;
    response->content_type = asset->content_type.at; /* a literal of the embedded table */
    response->body = asset->bytes;
    return OK_RESULT;
}

void page_answer_error(struct scope *scope, struct http_response *response, int status,
                       struct str code, struct str request_id) {
    const struct error_page page = {
        .status = status,
        .code = code,
        .request_id = request_id,
        .is_sign_in = true,
    };
    http_answer_html(response, status, error_page_render(scope->arena, &page));
}
