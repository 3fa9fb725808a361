#include "tests/provisioning/desk.h"

#include <stdio.h>

#include "base/http_values.h"

static const char *const CREDENTIAL_TABLE[] = {
    "CREATE TABLE test_credential (org_id TEXT NOT NULL, id BIGINT NOT NULL, "
    "user_id TEXT NOT NULL, PRIMARY KEY (org_id, id))",
    NULL};
static const struct migration MIGRATIONS[] = {{399, "test: credentials", CREDENTIAL_TABLE}};
static const struct migration_list TEST_MIGRATIONS = {MIGRATIONS, 1};

static const struct statement END_CREDENTIALS = {
    "test.end", TENANT, "DELETE FROM test_credential WHERE org_id = $1 AND user_id = $2", NULL};
static const struct statement GIVE_CREDENTIAL = {
    "test.give", TENANT,
    "INSERT INTO test_credential (org_id, id, user_id) SELECT $1, coalesce(max(id), 0) + 1, $2 "
    "FROM test_credential WHERE org_id = $1",
    NULL};
static const struct table_rule RULES[] = {{.table = "test_credential",
                                           .on_deactivation = &END_CREDENTIALS,
                                           .counted_as = COUNTED_SESSIONS}};
static const struct table_rule_list LISTS[] = {{RULES, 1}};
static const struct table_registry REGISTRY = {LISTS, 1};
static const struct messaging MESSAGING = {.registry = &REGISTRY, .instance = STR_INIT("node-1")};
static struct provisioning provisioning = {
    .public_url = STR_INIT("https://chat.test"),
    .seal_key = {STR_INIT("0123456789abcdef0123456789abcdef")},
};

void desk_use_migrations(void) {
    static const struct migration_list *const MIGRATED[] = {
        &BASE_MIGRATIONS, &MESSAGING_MIGRATIONS, &PROVISIONING_MIGRATIONS, &TEST_MIGRATIONS};
    on_both_use(MIGRATED, 4);
}

struct desk given_desk(struct database *d, const char *slug) {
    struct desk desk = {.d = d, .company = given_company(d, slug)};
    desk.actor = (struct actor){
        .kind = ACTOR_CONNECTION, .org_id = desk.company.org.id, .id = STR("connection-1")};
    return desk;
}

struct desk other_connection(const struct desk *desk, const char *id) {
    struct desk other = *desk;
    other.actor.id = str_from_c(id);
    return other;
}

static void add_header(struct http_request *request, const char *name, const char *value) {
    if (value != NULL) {
        request->headers[request->header_count++] =
            (struct http_header){str_from_c(name), str_from_c(value)};
    }
}

static struct str header_of(const struct http_response *response, const char *name) {
    for (size_t i = 0; i < response->header_count; i++) {
        if (str_eq_ascii_nocase(response->headers[i].name, str_from_c(name))) {
            return response->headers[i].value;
        }
    }
    return STR("");
}

struct reply ask(const struct desk *desk, call_handler handler, struct request_text text) {
    struct scope *scope = &desk->d->fixture.scope;
    struct http_request request = {
        .query = str_from_c(text.query),
        .path_args = {str_from_c(text.id), [SCIM_ORG_ARG] = str_from_c(text.org)},
        .body = str_from_c(text.body),
        .request_id = STR("request-1"),
        .received_us = clock_now_us(desk->d->fixture.env.clock),
    };
    struct http_response response = {0};
    struct call call = {
        .db = desk->d->db,
        .actor = &desk->actor,
        .request = &request,
        .response = &response,
        .messaging = &MESSAGING,
        .provisioning = &provisioning,
    };
    if (text.body != NULL) {
        add_header(&request, "Content-Type",
                   text.content_type == NULL ? "application/scim+json" : text.content_type);
    }
    add_header(&request, "If-Match", text.if_match);
    add_header(&request, "If-None-Match", text.if_none_match);
    scope->reason = "";
    struct reply reply = {.result = handler(scope, &call)};
    reply.reason = scope->reason;
    reply.status = response.status;
    reply.body = response.body;
    reply.etag = header_of(&response, "ETag");
    reply.location = header_of(&response, "Location");
    reply.revoked = call.revoked;
    if (reply.body.len > 0) {
        assert_string_equal(response.content_type, "application/scim+json");
        assert_ok(json_read(scope, reply.body, &reply.json));
    }
    return reply;
}

static const char *c_text(const struct desk *desk, struct str text) {
    return str_format(desk->d->fixture.scope.arena, "%.*s", STR_ARG(text)).at;
}

struct reply post(const struct desk *desk, const char *body) {
    return ask(desk, scim_user_create, (struct request_text){.body = body});
}

struct reply put(const struct desk *desk, struct str id, const char *body) {
    return ask(desk, scim_user_replace,
               (struct request_text){.id = c_text(desk, id), .body = body});
}

struct reply patch(const struct desk *desk, struct str id, const char *body) {
    return ask(desk, scim_user_patch, (struct request_text){.id = c_text(desk, id), .body = body});
}

struct reply get(const struct desk *desk, struct str id) {
    return ask(desk, scim_user_get, (struct request_text){.id = c_text(desk, id)});
}

struct reply list(const struct desk *desk, const char *query) {
    return ask(desk, scim_user_list, (struct request_text){.query = query});
}

struct reply drop(const struct desk *desk, struct str id) {
    return ask(desk, scim_user_delete, (struct request_text){.id = c_text(desk, id)});
}

struct str hired(const struct desk *desk, const char *user_name) {
    const struct str body =
        str_format(desk->d->fixture.scope.arena, NEW_USER("\"userName\":\"%s\""), user_name);
    const struct reply reply = post(desk, body.at);
    assert_status(reply, 201);
    const struct str id = text_at(&reply, "id");
    give_credential(desk, id);
    return id;
}

const struct json *at(const struct json *json, ...) {
    va_list names;
    va_start(names, json);
    for (const char *name = va_arg(names, const char *); name != NULL;
         name = va_arg(names, const char *)) {
        json = json_get(json, str_from_c(name));
    }
    va_end(names);
    return json;
}

struct str text_at(const struct reply *reply, const char *name) {
    return json_as_string(json_get(reply->json, str_from_c(name)));
}

struct str error_type(const struct reply *reply) {
    return text_at(reply, "scimType");
}

void assert_error(const struct reply *reply, int status, const char *type) {
    assert_status(*reply, status);
    assert_ok(reply->result);
    const struct json *schemas = json_get(reply->json, STR("schemas"));
    assert_str(json_as_string(json_at(schemas, 0)), "urn:ietf:params:scim:api:messages:2.0:Error");
    char text[8];
    (void) snprintf(text, sizeof text, "%d", status);
    assert_str(text_at(reply, "status"), text);
    assert_str(error_type(reply), type);
    assert_true(text_at(reply, "detail").len > 0);
}

void give_credential(const struct desk *desk, struct str user_id) {
    given_row(desk->d, &GIVE_CREDENTIAL,
              VALUES(value_text(desk->actor.org_id), value_text(user_id)));
}

int64_t credentials_of(const struct desk *desk, struct str user_id) {
    return number_of(desk->d,
                     "SELECT count(*) FROM test_credential WHERE org_id = $1 AND user_id = $2",
                     desk->actor.org_id, user_id);
}

int64_t audits_of(const struct desk *desk, struct str user_id, const char *action) {
    return number_of(desk->d, "SELECT count(*) FROM audit WHERE subject_id = $1 AND action = $2",
                     user_id, str_from_c(action));
}

int64_t revocations_of(const struct desk *desk, struct str user_id) {
    return number_of(desk->d, "SELECT count(*) FROM revocation WHERE org_id = $1 AND subject = $2",
                     desk->actor.org_id, user_id);
}

struct user person(const struct desk *desk, struct str user_id) {
    struct user user = {0};
    assert_ok(user_find(&desk->d->fixture.scope, desk->d->db, desk->actor.org_id, user_id, &user));
    return user;
}
