#include "provisioning/scim/scim_http.h"

#include "base/arena.h"
#include "base/form.h"
#include "base/log.h"
#include "base/percent.h"
#include "messaging/org.h"
#include "provisioning/provisioning.h"
#include "provisioning/scim/scim_discovery.h"
#include "provisioning/scim/scim_error.h"
#include "provisioning/scim/scim_people.h"

#define LIST_URN "urn:ietf:params:scim:api:messages:2.0:ListResponse"

/* A request as decoded: what is left empty was not sent. */
struct request {
    struct scim_source source;
    struct scim_projection projection;
    struct scim_list_request list;
    struct scim_edit edit;
};

struct query {
    struct str attributes, excluded, filter, start, count;
};

static struct str *place_of(struct query *query, struct str name) {
    const struct {
        struct str name;
        struct str *place;
    } places[] = {
        {STR("attributes"), &query->attributes}, {STR("excludedAttributes"), &query->excluded},
        {STR("filter"), &query->filter},         {STR("startIndex"), &query->start},
        {STR("count"), &query->count},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (str_eq_ascii_nocase(places[i].name, name)) {
            return places[i].place;
        }
    }
    return NULL;
}

/* Unknown parameters are ignored (RFC 7644 section 3.4.2). A filter that is there but empty stays
 * there: one blank. */
static result read_query(struct scope *scope, const struct call *call, struct query *ret) {
    struct query query = {0};
    struct form *form = NEW(scope->arena, struct form);
    REQUIRE(scope, is_ok(form_parse(scope, call->request->query, form)), INVALID, "scim.query");
    for (size_t i = 0; i < form->count; i++) {
        struct str *place = place_of(&query, form->fields[i].name);
        if (place == NULL) {
            continue;
        }
        REQUIRE(scope, place->len == 0, INVALID, "scim.query");
        *place = form->fields[i].value.len == 0 ? STR(" ") : form->fields[i].value;
    }
    *ret = query;
    return OK_RESULT;
}

/* Some clients escape the value twice. */
static result read_filter(struct scope *scope, struct str text, const struct scim_filter **ret) {
    struct str decoded;
    if (text.len == 0) {
        return OK_RESULT;
    }
    const result parsed = scim_filter_parse(scope, &SCIM_USER_TYPE, text, ret);
    if (is_ok(parsed) || str_find_byte(text, '%') < 0 ||
        !percent_decode(scope->arena, text, true, &decoded)) {
        return parsed;
    }
    return scim_filter_parse(scope, &SCIM_USER_TYPE, decoded, ret);
}

/* RFC 7644 table 6: what is too small is the smallest. */
static result read_number(struct scope *scope, struct str text, int64_t min, int64_t fallback,
                          int64_t *ret) {
    const struct str digits = str_has_prefix(text, STR("-")) ? str_from(text, 1) : text;
    int64_t number = fallback;
    if (text.len > 0) {
        REQUIRE(scope, is_ok(parse_i64(scope, digits, 0, INT32_MAX, &number)), INVALID,
                "scim.page");
        number = digits.len < text.len ? min : number;
    }
    *ret = number < min ? min : number;
    return OK_RESULT;
}

static result read_list_request(struct scope *scope, const struct query *query,
                                struct scim_list_request *ret) {
    struct scim_list_request list = {0};
    TRY(read_number(scope, query->start, 1, 1, &list.start));
    TRY(read_number(scope, query->count, 0, SCIM_PAGE_DEFAULT, &list.count));
    list.count = list.count < SCIM_PAGE_MAX ? list.count : SCIM_PAGE_MAX;
    TRY(read_filter(scope, query->filter, &list.filter));
    *ret = list;
    return OK_RESULT;
}

static struct str base_url(struct scope *scope, const struct call *call) {
    return str_format(scope->arena, "%.*s/scim/v2", STR_ARG(call->provisioning->public_url));
}

/* The token decides the organisation; an address that names another one, or none that is there, is
 * no address of ours. */
static result check_address(struct scope *scope, const struct call *call) {
    const struct str named = call->request->path_args[SCIM_ORG_ARG];
    if (named.len == 0 || call->actor == NULL || str_eq(named, call->actor->org_id)) {
        return OK_RESULT;
    }
    struct org org;
    TRY(org_find(scope, call->db, call->actor->org_id, &org));
    REQUIRE(scope, str_eq(named, org.slug), NOT_FOUND, "scim.endpoint");
    return OK_RESULT;
}

static result read_source(struct scope *scope, const struct call *call, struct scim_source *ret) {
    REQUIRE(scope, call->actor != NULL && call->actor->kind == ACTOR_CONNECTION, FORBIDDEN,
            "scim.actor");
    TRY(check_address(scope, call));
    *ret = (struct scim_source){
        .org_id = call->actor->org_id,
        .connection_id = call->actor->id,
        .request_id = call->request->request_id,
        .base_url = base_url(scope, call),
        .actor = call->actor,
        .messaging = call->messaging,
        .profile = &SCIM_TOLERANT,
        .received_us = call->request->received_us,
    };
    return OK_RESULT;
}

static result read_request(struct scope *scope, const struct call *call, struct request *ret) {
    struct request request = {0};
    struct query query;
    TRY(read_source(scope, call, &request.source));
    TRY(read_query(scope, call, &query));
    TRY(scim_projection_parse(scope, &SCIM_USER_TYPE, query.attributes, query.excluded,
                              &request.projection));
    TRY(read_list_request(scope, &query, &request.list));
    request.edit.id = call->request->path_args[0];
    request.edit.if_match = http_header_get(call->request, "If-Match");
    *ret = request;
    return OK_RESULT;
}

static result check_media_type(struct scope *scope, const struct call *call) {
    const struct str type = http_content_type(scope, call->request);
    REQUIRE(scope,
            type.len == 0 || str_eq(type, STR("application/scim+json")) ||
                str_eq(type, STR("application/json")),
            INVALID, "request.media_type");
    return OK_RESULT;
}

/* A request with a body. Whatever is wrong around it, the body is read, because it may say that
 * somebody has to go: the failure comes back with request->edit filled in. */
static result read_write(struct scope *scope, const struct call *call, struct request *request) {
    const struct json *body = NULL;
    const result read = json_read(scope, call->request->body, &body);
    const char *read_reason = scope->reason;
    const result prepared = read_request(scope, call, request);
    if (!is_ok(prepared)) {
        const char *reason = scope->reason;
        request->edit.id = call->request->path_args[0];
        const result known = read_source(scope, call, &request->source);
        request->edit.body = is_ok(known) ? body : NULL;
        scope->reason = reason;
        return prepared;
    }
    request->edit.body = body;
    TRY(check_media_type(scope, call));
    scope->reason = read_reason;
    TRY(read);
    REQUIRE(scope, json_is_object(body), INVALID, "scim.syntax");
    return OK_RESULT;
}

static void answer_json(struct scope *scope, struct call *call, int status,
                        const struct json *json) {
    call->response->status = status;
    call->response->content_type = "application/scim+json";
    call->response->body = json_write(scope->arena, json);
}

static result answer_person(struct scope *scope, struct call *call, const struct request *request,
                            int status, const struct scim_person *person) {
    const struct str version = scim_record_version(scope, person);
    const struct json *shown = scim_project(scope, &SCIM_USER_TYPE, &request->projection,
                                            scim_record_show(scope, &request->source, person));
    TRY(http_header_add(scope, call->response, "ETag", version));
    TRY(http_header_add(scope, call->response, "Location",
                        scim_record_location(scope, &request->source, person)));
    answer_json(scope, call, status, shown);
    return OK_RESULT;
}

/* A refusal is an answer of ours; everything else goes on to the gateway. */
static result conclude(struct scope *scope, struct call *call, const struct scim_outcome *outcome,
                       result done) {
    call->revoked = outcome->revoked;
    if (!scim_error_is_ours(done)) {
        return done;
    }
    const struct scim_refusal refusal = {
        .failure = done,
        .reason = scope->reason,
        .is_deactivated = outcome->is_only_deactivated,
        .inactive_id = outcome->inactive_id,
        .request_id = call->request->request_id,
    };
    log_info(scope, "scim.refused", LOG_REQUEST(call->request->request_id),
             LOG_ORG(call->actor == NULL ? STR("") : call->actor->org_id), LOG_CODE(done),
             LOG_REASON(scope));
    scim_error_answer(scope, &refusal, call->response);
    return OK_RESULT;
}

static result list_people(struct scope *scope, struct call *call) {
    struct request request;
    struct scim_page page;
    TRY(read_request(scope, call, &request));
    TRY(scim_people_list(scope, &request.source, call->db, &request.list, &page));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "schemas");
    json_out_open_array(&out);
    json_out_string(&out, STR(LIST_URN));
    json_out_close_array(&out);
    json_out_member_number(&out, "totalResults", page.total);
    json_out_member_number(&out, "startIndex", request.list.start);
    json_out_member_number(&out, "itemsPerPage", (int64_t) page.count);
    json_out_name(&out, "Resources");
    json_out_open_array(&out);
    for (size_t i = 0; i < page.count; i++) {
        json_out_value(&out,
                       scim_project(scope, &SCIM_USER_TYPE, &request.projection,
                                    scim_record_show(scope, &request.source, &page.people[i])));
    }
    json_out_close_array(&out);
    json_out_close_object(&out);
    call->response->status = 200;
    call->response->content_type = "application/scim+json";
    call->response->body = json_out_end(&out);
    return OK_RESULT;
}

static result get_person(struct scope *scope, struct call *call) {
    struct request request;
    struct scim_person person;
    TRY(read_request(scope, call, &request));
    TRY(scim_people_find(scope, &request.source, call->db, request.edit.id, &person));
    const struct str known = http_header_get(call->request, "If-None-Match");
    const struct str version = scim_record_version(scope, &person);
    if (known.len > 0 && scim_tag_matches(known, version)) {
        http_answer_empty(call->response, 304);
        return http_header_add(scope, call->response, "ETag", version);
    }
    return answer_person(scope, call, &request, 200, &person);
}

result scim_user_list(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, list_people(scope, call));
}

result scim_user_get(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, get_person(scope, call));
}

static result create_person(struct scope *scope, struct call *call, struct request *request,
                            struct scim_outcome *outcome) {
    TRY(scim_people_create(scope, &request->source, call->db, request->edit.body, outcome));
    return answer_person(scope, call, request, 201, &outcome->person);
}

static result change_person(struct scope *scope, struct call *call, struct request *request,
                            struct scim_outcome *outcome) {
    TRY(scim_people_change(scope, &request->source, call->db, &request->edit, outcome));
    return answer_person(scope, call, request, 200, &outcome->person);
}

typedef result (*write_function)(struct scope *scope, struct call *call, struct request *request,
                                 struct scim_outcome *outcome);

static result run_write(struct scope *scope, struct call *call, bool is_replacement,
                        write_function write) {
    struct request request = {0};
    struct scim_outcome outcome = {0};
    result done = read_write(scope, call, &request);
    request.edit.is_replacement = is_replacement;
    if (is_ok(done)) {
        done = write(scope, call, &request, &outcome);
    } else if (request.edit.body != NULL) {
        done = scim_people_refused(scope, &request.source, call->db, &request.edit, done, &outcome);
    }
    return conclude(scope, call, &outcome, done);
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
    struct request request;
    TRY(read_request(scope, call, &request));
    TRY(scim_people_delete(scope, &request.source, call->db, &request.edit, outcome));
    http_answer_empty(call->response, 204);
    return OK_RESULT;
}

result scim_user_delete(struct scope *scope, struct call *call) {
    struct scim_outcome outcome = {0};
    const result done = delete_person(scope, call, &outcome);
    return conclude(scope, call, &outcome, done);
}

/* RFC 7644 section 4: a filter on these lists is refused; other parameters are ignored. */
static result check_no_filter(struct scope *scope, const struct call *call) {
    struct query query;
    TRY(check_address(scope, call));
    TRY(read_query(scope, call, &query));
    REQUIRE(scope, query.filter.len == 0, FORBIDDEN, "scim.discovery_filter");
    return OK_RESULT;
}

static void answer_whole_list(struct scope *scope, struct call *call, const struct json *list) {
    struct arena *arena = scope->arena;
    struct json *answer = json_new_object(arena);
    struct json *schemas = json_new_array(arena);
    const int64_t count = (int64_t) json_count(list);
    json_append(arena, schemas, json_new_string(arena, STR(LIST_URN)));
    json_add(arena, answer, STR("schemas"), schemas);
    json_add(arena, answer, STR("totalResults"), json_new_integer(arena, count));
    json_add(arena, answer, STR("startIndex"), json_new_integer(arena, 1));
    json_add(arena, answer, STR("itemsPerPage"), json_new_integer(arena, count));
    json_add(arena, answer, STR("Resources"), list);
    answer_json(scope, call, 200, answer);
}

static result get_config(struct scope *scope, struct call *call) {
    TRY(check_address(scope, call));
    answer_json(scope, call, 200, scim_show_config(scope, base_url(scope, call)));
    return OK_RESULT;
}

result scim_config(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, get_config(scope, call));
}

static result list_types(struct scope *scope, struct call *call) {
    struct json *list = json_new_array(scope->arena);
    TRY(check_no_filter(scope, call));
    for (size_t i = 0; i < SCIM_TYPE_COUNT; i++) {
        json_append(scope->arena, list,
                    scim_show_type(scope, base_url(scope, call), SCIM_TYPES[i]));
    }
    answer_whole_list(scope, call, list);
    return OK_RESULT;
}

static result list_schemas(struct scope *scope, struct call *call) {
    struct json *list = json_new_array(scope->arena);
    TRY(check_no_filter(scope, call));
    for (size_t i = 0; i < SCIM_SCHEMA_COUNT; i++) {
        json_append(scope->arena, list,
                    scim_show_schema(scope, base_url(scope, call), SCIM_SCHEMAS[i]));
    }
    answer_whole_list(scope, call, list);
    return OK_RESULT;
}

static result get_type(struct scope *scope, struct call *call) {
    TRY(check_address(scope, call));
    const struct scim_type *type = scim_type_find(call->request->path_args[0]);
    REQUIRE(scope, type != NULL, NOT_FOUND, "scim.unknown");
    answer_json(scope, call, 200, scim_show_type(scope, base_url(scope, call), type));
    return OK_RESULT;
}

static result get_schema(struct scope *scope, struct call *call) {
    TRY(check_address(scope, call));
    const struct scim_schema *schema = scim_schema_by_urn(call->request->path_args[0]);
    REQUIRE(scope, schema != NULL, NOT_FOUND, "scim.unknown");
    answer_json(scope, call, 200, scim_show_schema(scope, base_url(scope, call), schema));
    return OK_RESULT;
}

result scim_resource_type_list(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, list_types(scope, call));
}

result scim_resource_type_get(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, get_type(scope, call));
}

result scim_schema_list(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, list_schemas(scope, call));
}

result scim_schema_get(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, get_schema(scope, call));
}

/* What SCIM knows and we do not offer, or not with this method: 501. Anything else is not there. */
static result refuse_endpoint(struct scope *scope, const struct call *call) {
    static const struct str KNOWN[] = {
        STR_INIT("Users"),   STR_INIT("ServiceProviderConfig"),
        STR_INIT("Schemas"), STR_INIT("ResourceTypes"),
        STR_INIT("Bulk"),    STR_INIT("Me"),
        STR_INIT(".search"),
    };
    struct str name;
    TRY(check_address(scope, call));
    (void) str_split(call->request->path_args[0], '/', &name);
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        REQUIRE(scope, !str_eq(KNOWN[i], name), FORBIDDEN, "scim.unsupported");
    }
    return FAIL(scope, NOT_FOUND, "scim.endpoint");
}

result scim_other(struct scope *scope, struct call *call) {
    const struct scim_outcome outcome = {0};
    return conclude(scope, call, &outcome, refuse_endpoint(scope, call));
}
