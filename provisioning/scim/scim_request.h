#pragma once
/* What all SCIM handlers share: the request decoded for one resource type, and the way an outcome
 * becomes an answer in SCIM's form. */

#include "messaging/call.h"
#include "provisioning/scim/scim_people.h"

#define SCIM_LIST_URN "urn:ietf:params:scim:api:messages:2.0:ListResponse"

/* Where path_args hold the {org} of /scim/{org}/v2; empty for /scim/v2. */
enum { SCIM_ORG_ARG = HTTP_MAX_PATH_ARGS - 1 };

/* A request as decoded: what is left empty was not sent. */
struct scim_request {
    struct scim_source source;
    struct scim_projection projection;
    struct scim_edit edit;
};

/* The parameters as they were sent; empty: not at all. What is there but empty is one blank: a
 * filter that is none, the cursor of the first page. */
struct scim_query_text {
    struct str attributes, excluded, filter, start, count, cursor, sort_by, sort_order;
};

/* INVALID "scim.query" when one is there twice. */
RESULT scim_request_query(struct scope *scope, const struct call *call,
                          struct scim_query_text *ret);
/* NOT_FOUND "scim.endpoint" when the address names another organisation than the token. */
RESULT scim_request_address(struct scope *scope, const struct call *call);
/* "https://…/scim/v2" */
struct str scim_request_base(struct scope *scope, const struct call *call);
/* FORBIDDEN "scim.actor" unless a directory calls. */
RESULT scim_request_source(struct scope *scope, const struct call *call, struct scim_source *ret);
/* INVALID "request.media_type" for a body that is no JSON. */
RESULT scim_request_media_type(struct scope *scope, const struct call *call);
/* Without the body. */
RESULT scim_request_read(struct scope *scope, const struct call *call, const struct scim_type *type,
                         struct scim_request *ret);
/* With the body. Whatever is wrong around it, the body is read, because it may say that somebody
 * has to go: the failure comes back with request->edit filled in. */
RESULT scim_request_read_write(struct scope *scope, const struct call *call,
                               const struct scim_type *type, struct scim_request *request);

void scim_answer_json(struct scope *scope, struct call *call, int status, const struct json *json);
void scim_answer_text(struct call *call, int status, struct str json);
/* A refusal is an answer of ours; every other failure comes back, for the gateway. */
RESULT scim_conclude(struct scope *scope, struct call *call, const struct scim_outcome *outcome,
                     result done);
