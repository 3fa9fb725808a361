/* Home-realm discovery. The domain of an address decides, and only a proved one: whether the person
 * exists plays no part, so the answer cannot tell. */

#include "base/url.h"
#include "identity/connection.h"
#include "identity/connection_http.h"
#include "identity/domain.h"
#include "messaging/org.h"

static void write_provider(struct scope *scope, struct json_out *out,
                           const struct connection *connection) {
    json_out_open_object(out);
    const char *kind = connection_kind_name(connection->kind); /* also the first part of the path */
    json_out_member(out, "kind", str_from_c(kind));
    json_out_member(out, "name", connection->name);
    json_out_member(out, "url",
                    str_format(scope->arena, "/%s/%.*s/login", kind, STR_ARG(connection->id)));
    json_out_close_object(out);
}

/* Those of the domain's own connection, or of the whole organisation when it names none. */
static result write_providers(struct scope *scope, const struct call *call, struct json_out *out,
                              const struct domain *domain) {
    struct connection_list list;
    TRY(connection_list_all(scope, call->db, domain->org_id, &list));
    for (size_t i = 0; i < list.count; i++) {
        const struct connection *connection = &list.connections[i];
        const bool is_meant =
            domain->connection_id.len == 0 || str_eq(domain->connection_id, connection->id);
        if (is_meant && connection->kind != CONNECTION_SCIM &&
            connection->state == CONNECTION_ENABLED) {
            write_provider(scope, out, connection);
        }
    }
    return OK_RESULT;
}

/* NOT_FOUND: nobody has proved it, or its organisation is not active any more. */
static result organisation_of(struct scope *scope, const struct call *call, struct str name,
                              struct domain *ret_domain, struct org *ret) {
    TRY(domain_find_proved(scope, call->db, name, ret_domain));
    TRY(org_find(scope, call->db, ret_domain->org_id, ret));
    REQUIRE(scope, ret->state == ORG_ACTIVE, NOT_FOUND, "org.unknown");
    return OK_RESULT;
}

static void write_password(struct json_out *out, struct str slug) {
    json_out_open_object(out);
    json_out_member(out, "kind", STR("password"));
    json_out_member_or_null(out, "org", slug);
    json_out_close_object(out);
}

result login_discover_http(struct scope *scope, struct call *call) {
    static const struct str MEMBERS[] = {STR_INIT("email"), STR_INIT("org")};
    const struct json *body = NULL;
    struct str email = STR("");
    struct str slug = STR("");
    struct str name;
    TRY(call_json(scope, call, &body));
    TRY(json_only(scope, body, MEMBERS, 2));
    TRY(json_need_string(scope, body, MEMBERS[0], &email));
    TRY(json_optional_string(scope, body, MEMBERS[1], &slug));
    TRY(email_domain(scope, email, &name));
    struct domain domain;
    struct org org;
    const result found = organisation_of(scope, call, name, &domain, &org);
    if (found.code != NOT_FOUND) {
        TRY(found);
    }
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "methods");
    json_out_open_array(&out);
    if (is_ok(found)) {
        TRY(write_providers(scope, call, &out, &domain));
    }
    write_password(&out, slug.len > 0 || !is_ok(found) ? slug : org.slug);
    json_out_close_array(&out);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}
