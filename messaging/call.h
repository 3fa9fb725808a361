#pragma once
/* One API call on a worker thread: what every *_http.c handler gets. Handlers are plain synchronous
 * functions; on failure the gateway makes the problem answer from the result and its reason. */

#include "base/http_values.h"
#include "base/json.h"
#include "messaging/actor.h"
#include "messaging/revocation.h"

struct table_registry;
struct identity;     /* identity/identity.h */
struct provisioning; /* provisioning/provisioning.h */

/* The backend's long-lived context; immutable after start. */
struct messaging {
    const struct table_registry *registry;
    struct str instance;   /* origin of revocations; empty on the command line */
    struct str public_url; /* "https://chat.example.com", no slash at the end */
    struct str
        source_url; /* where users get this program's source (AGPL section 13); may be empty */
    bool is_signup_open;
};

/* What those who are connected learn at once and nobody keeps. */
struct live_notice {
    struct str text; /* the frame's JSON; empty: nothing to tell */
    bool is_org_wide;
    struct str audience[2]; /* else these two people */
};

struct call {
    struct db *db;
    const struct actor *actor; /* NULL on public routes */
    const struct http_request *request;
    struct http_response *response;
    const struct messaging *messaging;
    struct identity *identity;
    struct provisioning *provisioning;
    struct revoked revoked; /* set: the answer waits behind the barrier */
    struct live_notice notice;
};

typedef result (*call_handler)(struct scope *scope, struct call *call);

/* ?limit= (1-200, default 50) and ?cursor= of lists. */
struct page_request {
    int64_t limit;
    struct str cursor;
};
RESULT call_page(struct scope *scope, const struct call *call, struct page_request *ret);
/* The body as a JSON object with media type application/json; INVALID "request.body". */
RESULT call_json(struct scope *scope, const struct call *call, const struct json **ret);
/* One query parameter; empty when absent. INVALID "form.duplicate". */
RESULT call_query(struct scope *scope, const struct call *call, struct str name, struct str *ret);
/* FORBIDDEN "role.forbidden" unless a person with that permission calls. */
RESULT call_require(struct scope *scope, const struct call *call, enum permission permission);
