/* The handlers of /scim/v2/Groups. */
#include "base/arena.h"
#include "provisioning/scim/scim_group.h"
#include "provisioning/scim/scim_http.h"
#include "provisioning/scim/scim_member.h"
#include "provisioning/scim/scim_request.h"

static result add_headers(struct scope *scope, struct call *call,
                          const struct scim_request *request, const struct scim_group *group) {
    TRY(http_header_add(scope, call->response, "ETag", scim_group_version(scope, group)));
    return http_header_add(scope, call->response, "Location",
                           scim_group_location(scope, &request->source, group));
}

static result answer_group(struct scope *scope, struct call *call,
                           const struct scim_request *request, int status,
                           const struct scim_group *group) {
    const struct json *shown = NULL;
    int64_t budget = SCIM_MEMBERS_SHOWN_MAX;
    TRY(scim_group_show(scope, &request->source, group, &shown));
    struct json_out out = json_out_begin(scope->arena);
    TRY(scim_group_write(scope, &request->source, call->db, &request->projection, shown, &out,
                         &budget));
    TRY(add_headers(scope, call, request, group));
    scim_answer_text(call, status, json_out_end(&out));
    return OK_RESULT;
}

static result conclude(struct scope *scope, struct call *call, result done) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, done);
}

static result get_group(struct scope *scope, struct call *call) {
    struct scim_request request;
    struct scim_group group;
    TRY(scim_request_read(scope, call, &SCIM_GROUP_TYPE, &request));
    TRY(scim_group_find(scope, &request.source, call->db, request.edit.id, &group));
    const struct str known = http_header_get(call->request, "If-None-Match");
    const struct str version = scim_group_version(scope, &group);
    if (known.len > 0 && scim_tag_matches(known, version)) {
        http_answer_empty(call->response, 304);
        return http_header_add(scope, call->response, "ETag", version);
    }
    return answer_group(scope, call, &request, 200, &group);
}

static result create_group(struct scope *scope, struct call *call) {
    struct scim_request request = {0};
    struct scim_group group;
    TRY(scim_request_read_write(scope, call, &SCIM_GROUP_TYPE, &request));
    TRY(scim_group_create(scope, &request.source, call->db, request.edit.body, &group));
    return answer_group(scope, call, &request, 201, &group);
}

static result replace_group(struct scope *scope, struct call *call) {
    struct scim_request request = {0};
    struct scim_group group;
    TRY(scim_request_read_write(scope, call, &SCIM_GROUP_TYPE, &request));
    request.edit.is_replacement = true;
    TRY(scim_group_change(scope, &request.source, call->db, &request.edit, &group));
    return answer_group(scope, call, &request, 200, &group);
}

/* A group may be large: its state comes back only to whom asks for attributes of it. */
static result patch_group(struct scope *scope, struct call *call) {
    struct scim_request request = {0};
    struct scim_group group;
    TRY(scim_request_read_write(scope, call, &SCIM_GROUP_TYPE, &request));
    TRY(scim_group_change(scope, &request.source, call->db, &request.edit, &group));
    if (request.projection.is_given && !request.projection.is_exclusion) {
        return answer_group(scope, call, &request, 200, &group);
    }
    http_answer_empty(call->response, 204);
    return add_headers(scope, call, &request, &group);
}

static result delete_group(struct scope *scope, struct call *call) {
    struct scim_request request;
    TRY(scim_request_read(scope, call, &SCIM_GROUP_TYPE, &request));
    TRY(scim_group_delete(scope, &request.source, call->db, &request.edit));
    http_answer_empty(call->response, 204);
    return OK_RESULT;
}

result scim_group_get_http(struct scope *scope, struct call *call) {
    return conclude(scope, call, get_group(scope, call));
}

result scim_group_create_http(struct scope *scope, struct call *call) {
    return conclude(scope, call, create_group(scope, call));
}

result scim_group_replace_http(struct scope *scope, struct call *call) {
    return conclude(scope, call, replace_group(scope, call));
}

result scim_group_patch_http(struct scope *scope, struct call *call) {
    return conclude(scope, call, patch_group(scope, call));
}

result scim_group_delete_http(struct scope *scope, struct call *call) {
    return conclude(scope, call, delete_group(scope, call));
}
