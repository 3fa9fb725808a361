#include "provisioning/scim/scim_http.h"

#include "base/arena.h"
#include "provisioning/scim/scim_discovery.h"
#include "provisioning/scim/scim_member.h"
#include "provisioning/scim/scim_request.h"

/* What is shown of a person; their groups only to whom asks for them. */
static result show_person(struct scope *scope, const struct call *call,
                          const struct scim_request *request, const struct scim_person *person,
                          const struct json **ret) {
    struct json *shown = scim_record_show(scope, &request->source, person);
    if (scim_projection_shows(&request->projection, SCIM_GROUPS, NULL)) {
        const struct json *groups = NULL;
        TRY(scim_member_groups(scope, &request->source, call->db, person->row.id, &groups));
        if (groups != NULL) {
            json_add(scope->arena, shown, SCIM_GROUPS->name, groups);
        }
    }
    *ret = scim_project(scope, &SCIM_USER_TYPE, &request->projection, shown);
    return OK_RESULT;
}

static result answer_person(struct scope *scope, struct call *call,
                            const struct scim_request *request, int status,
                            const struct scim_person *person) {
    const struct str version = scim_record_version(scope, person);
    const struct json *shown = NULL;
    TRY(show_person(scope, call, request, person, &shown));
    TRY(http_header_add(scope, call->response, "ETag", version));
    TRY(http_header_add(scope, call->response, "Location",
                        scim_record_location(scope, &request->source, person)));
    scim_answer_json(scope, call, status, shown);
    return OK_RESULT;
}

static result get_person(struct scope *scope, struct call *call) {
    struct scim_request request;
    struct scim_person person;
    TRY(scim_request_read(scope, call, &SCIM_USER_TYPE, &request));
    TRY(scim_people_find(scope, &request.source, call->db, request.edit.id, &person));
    const struct str known = http_header_get(call->request, "If-None-Match");
    const struct str version = scim_record_version(scope, &person);
    if (known.len > 0 && scim_tag_matches(known, version)) {
        http_answer_empty(call->response, 304);
        return http_header_add(scope, call->response, "ETag", version);
    }
    return answer_person(scope, call, &request, 200, &person);
}

result scim_user_get(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, get_person(scope, call));
}

static result create_person(struct scope *scope, struct call *call, struct scim_request *request,
                            struct scim_outcome *outcome) {
    TRY(scim_people_create(scope, &request->source, call->db, request->edit.body, outcome));
    return answer_person(scope, call, request, 201, &outcome->person);
}

static result change_person(struct scope *scope, struct call *call, struct scim_request *request,
                            struct scim_outcome *outcome) {
    TRY(scim_people_change(scope, &request->source, call->db, &request->edit, outcome));
    return answer_person(scope, call, request, 200, &outcome->person);
}

typedef result (*write_function)(struct scope *scope, struct call *call,
                                 struct scim_request *request, struct scim_outcome *outcome);

static result run_write(struct scope *scope, struct call *call, bool is_replacement,
                        write_function write) {
    struct scim_request request = {0};
    struct scim_outcome outcome = {0};
    result done = scim_request_read_write(scope, call, &SCIM_USER_TYPE, &request);
    request.edit.is_replacement = is_replacement;
    if (is_ok(done)) {
        done = write(scope, call, &request, &outcome);
    } else if (request.edit.body != NULL) {
        done = scim_people_refused(scope, &request.source, call->db, &request.edit, done, &outcome);
    }
    return scim_conclude(scope, call, &outcome, done);
}

result scim_user_create(struct scope *scope, struct call *call) {
    return run_write(scope, call, false, create_person);
}

result scim_user_replace(struct scope *scope, struct call *call) {
    return run_write(scope, call, true, change_person);
}

result scim_user_patch(struct scope *scope, struct call *call) {
    return run_write(scope, call, false, change_person);
}

static result delete_person(struct scope *scope, struct call *call, struct scim_outcome *outcome) {
    struct scim_request request;
    TRY(scim_request_read(scope, call, &SCIM_USER_TYPE, &request));
    TRY(scim_people_delete(scope, &request.source, call->db, &request.edit, outcome));
    http_answer_empty(call->response, 204);
    return OK_RESULT;
}

result scim_user_delete(struct scope *scope, struct call *call) {
    struct scim_outcome outcome = {0};
    const result done = delete_person(scope, call, &outcome);
    return scim_conclude(scope, call, &outcome, done);
}

/* RFC 7644 section 4: a filter on these lists is refused; other parameters are ignored. */
static result check_no_filter(struct scope *scope, const struct call *call) {
    struct scim_query_text query;
    TRY(scim_request_address(scope, call));
    TRY(scim_request_query(scope, call, &query));
    REQUIRE(scope, query.filter.len == 0, FORBIDDEN, "scim.discovery_filter");
    return OK_RESULT;
}

static void answer_whole_list(struct scope *scope, struct call *call, const struct json *list) {
    struct arena *arena = scope->arena;
    struct json *answer = json_new_object(arena);
    struct json *schemas = json_new_array(arena);
    const int64_t count = (int64_t) json_count(list);
    json_append(arena, schemas, json_new_string(arena, STR(SCIM_LIST_URN)));
    json_add(arena, answer, STR("schemas"), schemas);
    json_add(arena, answer, STR("totalResults"), json_new_integer(arena, count));
    json_add(arena, answer, STR("startIndex"), json_new_integer(arena, 1));
    json_add(arena, answer, STR("itemsPerPage"), json_new_integer(arena, count));
    json_add(arena, answer, STR("Resources"), list);
    scim_answer_json(scope, call, 200, answer);
}

static result get_config(struct scope *scope, struct call *call) {
    TRY(scim_request_address(scope, call));
    scim_answer_json(scope, call, 200, scim_show_config(scope, scim_request_base(scope, call)));
    return OK_RESULT;
}

result scim_config(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, get_config(scope, call));
}

static result list_types(struct scope *scope, struct call *call) {
    struct json *list = json_new_array(scope->arena);
    TRY(check_no_filter(scope, call));
    for (size_t i = 0; i < SCIM_TYPE_COUNT; i++) {
        json_append(scope->arena, list,
                    scim_show_type(scope, scim_request_base(scope, call), SCIM_TYPES[i]));
    }
    answer_whole_list(scope, call, list);
    return OK_RESULT;
}

static result list_schemas(struct scope *scope, struct call *call) {
    struct json *list = json_new_array(scope->arena);
    TRY(check_no_filter(scope, call));
    for (size_t i = 0; i < SCIM_SCHEMA_COUNT; i++) {
        json_append(scope->arena, list,
                    scim_show_schema(scope, scim_request_base(scope, call), SCIM_SCHEMAS[i]));
    }
    answer_whole_list(scope, call, list);
    return OK_RESULT;
}

static result get_type(struct scope *scope, struct call *call) {
    TRY(scim_request_address(scope, call));
    const struct scim_type *type = scim_type_find(call->request->path_args[0]);
    REQUIRE(scope, type != NULL, NOT_FOUND, "scim.unknown");
    scim_answer_json(scope, call, 200, scim_show_type(scope, scim_request_base(scope, call), type));
    return OK_RESULT;
}

static result get_schema(struct scope *scope, struct call *call) {
    TRY(scim_request_address(scope, call));
    const struct scim_schema *schema = scim_schema_by_urn(call->request->path_args[0]);
    REQUIRE(scope, schema != NULL, NOT_FOUND, "scim.unknown");
    scim_answer_json(scope, call, 200,
                     scim_show_schema(scope, scim_request_base(scope, call), schema));
    return OK_RESULT;
}

result scim_resource_type_list(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, list_types(scope, call));
}

result scim_resource_type_get(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, get_type(scope, call));
}

result scim_schema_list(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, list_schemas(scope, call));
}

result scim_schema_get(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, get_schema(scope, call));
}

/* What SCIM knows and we do not offer, or not with this method: 501. Anything else is not there. */
static result refuse_endpoint(struct scope *scope, const struct call *call) {
    static const struct str KNOWN[] = {
        STR_INIT("Users"),   STR_INIT("Groups"),        STR_INIT("ServiceProviderConfig"),
        STR_INIT("Schemas"), STR_INIT("ResourceTypes"), STR_INIT("Bulk"),
        STR_INIT("Me"),      STR_INIT(".search"),
    };
    struct str name;
    TRY(scim_request_address(scope, call));
    (void) str_split(call->request->path_args[0], '/', &name);
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        REQUIRE(scope, !str_eq(KNOWN[i], name), FORBIDDEN, "scim.unsupported");
    }
    return FAIL(scope, NOT_FOUND, "scim.endpoint");
}

result scim_other(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, refuse_endpoint(scope, call));
}
