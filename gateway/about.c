#include "gateway/about.h"

#include "base/json.h"

const char *about_version(void) {
    return GATEHOUSE_VERSION;
}

result version_get(struct scope *scope, struct call *call) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "name", STR("gatehouse"));
    json_out_member(&out, "version", str_from_c(about_version()));
    json_out_member_or_null(&out, "source", call->messaging->source_url);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}
