#include "provisioning/scim/scim_request.h"

#include "base/arena.h"
#include "base/form.h"
#include "base/log.h"
#include "messaging/org.h"
#include "provisioning/provisioning.h"
#include "provisioning/scim/scim_error.h"

static struct str *place_of(struct scim_query_text *query, struct str name) {
    const struct {
        struct str name;
        struct str *place;
    } places[] = {
        {STR("attributes"), &query->attributes}, {STR("excludedAttributes"), &query->excluded},
        {STR("filter"), &query->filter},         {STR("startIndex"), &query->start},
        {STR("count"), &query->count},           {STR("cursor"), &query->cursor},
        {STR("sortBy"), &query->sort_by},        {STR("sortOrder"), &query->sort_order},
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
result scim_request_query(struct scope *scope, const struct call *call,
                          struct scim_query_text *ret) {
    struct scim_query_text query = {0};
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
    query.attributes = str_trim_blanks(query.attributes); /* empty names nothing: not sent */
    query.excluded = str_trim_blanks(query.excluded);
    *ret = query;
    return OK_RESULT;
}

struct str scim_request_base(struct scope *scope, const struct call *call) {
    return str_format(scope->arena, "%.*s/scim/v2", STR_ARG(call->provisioning->public_url));
}

/* The token decides the organisation; an address that names another one, or none that is there, is
 * no address of ours. */
result scim_request_address(struct scope *scope, const struct call *call) {
    const struct str named = call->request->path_args[SCIM_ORG_ARG];
    if (named.len == 0 || call->actor == NULL || str_eq(named, call->actor->org_id)) {
        return OK_RESULT;
    }
    struct org org;
    TRY(org_find(scope, call->db, call->actor->org_id, &org));
    REQUIRE(scope, str_eq(named, org.slug), NOT_FOUND, "scim.endpoint");
    return OK_RESULT;
}

result scim_request_source(struct scope *scope, const struct call *call, struct scim_source *ret) {
    REQUIRE(scope, call->actor != NULL && call->actor->kind == ACTOR_CONNECTION, FORBIDDEN,
            "scim.actor");
    TRY(scim_request_address(scope, call));
    *ret = (struct scim_source){
        .org_id = call->actor->org_id,
        .connection_id = call->actor->id,
        .request_id = call->request->request_id,
        .base_url = scim_request_base(scope, call),
        .actor = call->actor,
        .messaging = call->messaging,
        .profile = &SCIM_TOLERANT,
        .received_us = call->request->received_us,
    };
    return OK_RESULT;
}

result scim_request_read(struct scope *scope, const struct call *call, const struct scim_type *type,
                         struct scim_request *ret) {
    struct scim_request request = {0};
    struct scim_query_text query;
    TRY(scim_request_source(scope, call, &request.source));
    TRY(scim_request_query(scope, call, &query));
    TRY(scim_projection_parse(scope, type, query.attributes, query.excluded, &request.projection));
    request.edit.id = call->request->path_args[0];
    request.edit.if_match = http_header_get(call->request, "If-Match");
    *ret = request;
    return OK_RESULT;
}

result scim_request_media_type(struct scope *scope, const struct call *call) {
    const struct str type = http_content_type(scope, call->request);
    REQUIRE(scope,
            type.len == 0 || str_eq(type, STR("application/scim+json")) ||
                str_eq(type, STR("application/json")),
            INVALID, "request.media_type");
    return OK_RESULT;
}

result scim_request_read_write(struct scope *scope, const struct call *call,
                               const struct scim_type *type, struct scim_request *request) {
    const struct json *body = NULL;
    const result read = json_read(scope, call->request->body, &body);
    const char *read_reason = scope->reason;
    const result prepared = scim_request_read(scope, call, type, request);
    if (!is_ok(prepared)) {
        const char *reason = scope->reason;
        request->edit.id = call->request->path_args[0];
        const result known = scim_request_source(scope, call, &request->source);
        request->edit.body = is_ok(known) ? body : NULL;
        scope->reason = reason;
        return prepared;
    }
    request->edit.body = body;
    TRY(scim_request_media_type(scope, call));
    scope->reason = read_reason;
    TRY(read);
    REQUIRE(scope, json_is_object(body), INVALID, "scim.syntax");
    return OK_RESULT;
}

void scim_answer_text(struct call *call, int status, struct str json) {
    call->response->status = status;
    call->response->content_type = "application/scim+json";
    call->response->body = json;
}

void scim_answer_json(struct scope *scope, struct call *call, int status, const struct json *json) {
    scim_answer_text(call, status, json_write(scope->arena, json));
}

result scim_conclude(struct scope *scope, struct call *call, const struct scim_outcome *outcome,
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
