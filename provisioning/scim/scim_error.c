#include "provisioning/scim/scim_error.h"

#include "base/json.h"

struct error {
    const char *reason;
    int status;
    const char *type; /* NULL: none */
    const char *detail;
};

static const struct error ERRORS[] = {
    {"scim.syntax", 400, "invalidSyntax", "The body has not the structure that is asked for."},
    {"scim.duplicate_name", 400, "invalidSyntax", "Two names differ in nothing but their case."},
    {"scim.attribute", 400, "invalidSyntax", "There is no attribute of that name."},
    {"scim.path", 400, "invalidPath", "The path is malformed."},
    {"scim.filter", 400, "invalidFilter", "The filter is malformed, or compares what it cannot."},
    {"scim.value", 400, "invalidValue", "A value is missing, too long or of another type."},
    {"scim.required", 400, "invalidValue", "A required attribute is missing."},
    {"scim.projection", 400, "invalidValue",
     "Only one of attributes and excludedAttributes may be given."},
    {"scim.page", 400, "invalidValue", "startIndex and count are whole numbers."},
    {"scim.sort", 400, "invalidValue",
     "sortBy names no attribute with one comparable value, or sortOrder is neither ascending nor "
     "descending."},
    {"scim.cursor", 400, "invalidCursor", "The cursor is not one of this list: start again."},
    {"scim.cursor_expired", 400, "expiredCursor", "The cursor is too old: start again."},
    {"scim.cursor_count", 400, "invalidCount",
     "With a cursor count is a whole number from 0 to 200, the same for every page."},
    {"scim.cursor_start", 400, "invalidValue", "A list is paged by startIndex or by cursor."},
    {"scim.query", 400, "invalidValue", "The query is malformed or names a parameter twice."},
    {"scim.mutability", 400, "mutability", "The attribute cannot be changed in this way."},
    {"scim.no_target", 400, "noTarget", "The path leads to no value."},
    {"scim.too_many", 400, "tooMany",
     "Too many resources would have to be compared: name one by userName, externalId, "
     "emails.value or displayName, or page by cursor."},
    {"scim.member", 400, "invalidValue",
     "A member is neither a user nor a group of this organisation. Nothing was changed."},
    {"scim.too_many_members", 400, "tooMany",
     "Too many members to show or to compare: leave them out by excludedAttributes=members, or ask "
     "by members.value eq."},
    {"scim.unknown", 404, NULL, "There is no resource of that id."},
    {"scim.precondition", 412, NULL, "The resource has changed since."},
    {"scim.exists", 409, "uniqueness", "There is a user of that name or externalId already."},
    {"scim.other_person", 409, "uniqueness",
     "The name belongs to an inactive user with another externalId."},
    {"scim.ambiguous", 409, "uniqueness", "Several inactive users have that externalId."},
    {"scim.group_exists", 409, "uniqueness", "There is a group of that displayName already."},
    {"scim.raced", 409, NULL, "The resource was changed at the same time. Try again."},
    {"scim.operations", 413, NULL, "There are more than 200 operations."},
    {"scim.members", 413, NULL, "An object has more than 256 members."},
    {"scim.size", 413, NULL, "The resource is larger than 64 KiB."},
    {"scim.discovery_filter", 403, NULL, "This list takes no filter."},
    {"scim.endpoint", 404, NULL, "There is no such endpoint."},
    {"scim.unsupported", 501, NULL, "This is not offered, or not with this method."},
    {"user.name_taken", 409, "uniqueness", "There is a user of that name already."},
    {"user.name", 400, "invalidValue", "The userName is empty, too long or no line of text."},
    {"user.state", 409, NULL, "The user cannot be brought back."},
    {"request.media_type", 415, NULL, "The body is not JSON."},
};

/* What has no line of its own, by its code. */
static const struct error BY_CODE[CODE_COUNT] = {
    [INVALID] = {NULL, 400, "invalidSyntax", "The request cannot be understood."},
    [FORBIDDEN] = {NULL, 403, NULL, "This is not allowed."},
    [NOT_FOUND] = {NULL, 404, NULL, "There is nothing here."},
    [CONFLICT] = {NULL, 409, NULL, "The request contradicts the present state."},
    [TOO_LARGE] = {NULL, 413, NULL, "The request is larger than allowed."},
};

bool scim_error_is_ours(result failure) {
    return !is_ok(failure) && BY_CODE[failure.code].status != 0;
}

static const struct error *find(const struct scim_refusal *refusal) {
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        if (str_eq(str_from_c(ERRORS[i].reason), str_from_c(refusal->reason))) {
            return &ERRORS[i];
        }
    }
    return &BY_CODE[refusal->failure.code];
}

static struct str detail_of(struct scope *scope, const struct scim_refusal *refusal,
                            const struct error *error) {
    const char *front =
        refusal->is_deactivated ? "The user was deactivated; the rest is refused. " : "";
    const struct str id = refusal->inactive_id;
    return str_format(scope->arena, "%s%s%s%.*s (%s, request %.*s)", front, error->detail,
                      id.len > 0 ? " Its id: " : "", STR_ARG(id), refusal->reason,
                      STR_ARG(refusal->request_id));
}

void scim_error_answer(struct scope *scope, const struct scim_refusal *refusal,
                       struct http_response *response) {
    const struct error *error = find(refusal);
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "schemas");
    json_out_open_array(&out);
    json_out_string(&out, STR("urn:ietf:params:scim:api:messages:2.0:Error"));
    json_out_close_array(&out);
    json_out_member(&out, "status", str_format(scope->arena, "%d", error->status));
    if (error->type != NULL) {
        json_out_member(&out, "scimType", str_from_c(error->type));
    }
    json_out_member(&out, "detail", detail_of(scope, refusal, error));
    json_out_close_object(&out);
    *response = (struct http_response){
        .status = error->status,
        .content_type = "application/scim+json",
        .body = json_out_end(&out),
    };
}
