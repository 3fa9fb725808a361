#include "identity/connection_http.h"

#include "base/arena.h"
#include "identity/connection.h"
#include "identity/connection_config.h"
#include "identity/domain.h"
#include "identity/identity.h"
#include "identity/oidc/oidc_provider.h"
#include "identity/oidc/oidc_token.h"
#include "identity/provider_http.h"
#include "identity/saml/saml_http.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_reason.h"

static struct connection_change change_of(const struct call *call) {
    return (struct connection_change){
        .identity = call->identity,
        .messaging = call->messaging,
        .actor = call->actor,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
}

static void write_oidc_addresses(struct scope *scope, const struct call *call, struct json_out *out,
                                 const struct connection *connection) {
    const struct str base =
        str_format(scope->arena, "%.*s/oidc/%.*s", STR_ARG(call->identity->public_url),
                   STR_ARG(connection->id));
    json_out_member(out, "redirect_uri",
                    oidc_redirect_uri(scope, call->identity->public_url, connection->id));
    json_out_member(out, "logout_redirect_uri",
                    str_format(scope->arena, "%.*s/logged-out", STR_ARG(base)));
    json_out_member(out, "jwks_uri", str_format(scope->arena, "%.*s/jwks", STR_ARG(base)));
    json_out_member(out, "login_url", str_format(scope->arena, "%.*s/login", STR_ARG(base)));
    json_out_name(out, "metadata_url");
    json_out_null(out);
}

/* What the provider's administrator has to type in there. The entity id is the address of our
 * metadata, fixed for the connection's life, unless another one was brought along. */
static void write_saml_addresses(struct scope *scope, const struct call *call, struct json_out *out,
                                 const struct connection *connection) {
    json_out_member(out, "idp_metadata_url", connection->saml.metadata_url);
    const struct str base =
        str_format(scope->arena, "%.*s/saml/%.*s", STR_ARG(call->identity->public_url),
                   STR_ARG(connection->id));
    json_out_member(out, "acs_url", str_format(scope->arena, "%.*s/acs", STR_ARG(base)));
    json_out_member(out, "metadata_url", str_format(scope->arena, "%.*s/metadata", STR_ARG(base)));
    json_out_member(out, "slo_url", str_format(scope->arena, "%.*s/slo", STR_ARG(base)));
    json_out_member(out, "login_url", str_format(scope->arena, "%.*s/login", STR_ARG(base)));
}

static void write_kind(struct scope *scope, const struct call *call, struct json_out *out,
                       const struct connection *connection) {
    switch (connection->kind) {
    case CONNECTION_OIDC:
        connection_write_settings(out, connection);
        write_oidc_addresses(scope, call, out, connection);
        break;
    case CONNECTION_SAML:
        connection_write_settings(out, connection);
        write_saml_addresses(scope, call, out, connection);
        break;
    case CONNECTION_SCIM:
    case CONNECTION_KIND_COUNT: break;
    }
}

static result write_connection(struct scope *scope, const struct call *call, struct json_out *out,
                               const struct connection *connection,
                               const struct domain_list *domains) {
    json_out_open_object(out);
    json_out_member(out, "id", connection->id);
    json_out_member(out, "kind", str_from_c(connection_kind_name(connection->kind)));
    json_out_member(out, "name", connection->name);
    json_out_member(out, "state", str_from_c(connection_state_name(connection->state)));
    write_kind(scope, call, out, connection);
    json_out_name(out, "domains");
    json_out_open_array(out);
    for (size_t i = 0; i < domains->count; i++) {
        if (str_eq(domains->domains[i].connection_id, connection->id)) {
            json_out_string(out, domains->domains[i].name);
        }
    }
    json_out_close_array(out);
    json_out_member_time(out, "tested_at", connection->tested_us);
    json_out_member_time(out, "created_at", connection->created_us);
    if (connection->kind != CONNECTION_SCIM) {
        TRY(provider_write_health(scope, call->db, connection, out));
    }
    json_out_close_object(out);
    return OK_RESULT;
}

static result answer_connection(struct scope *scope, const struct call *call, int status,
                                const struct connection *connection) {
    struct domain_list domains;
    TRY(domain_list_all(scope, call->db, connection->org_id, &domains));
    struct json_out out = json_out_begin(scope->arena);
    TRY(write_connection(scope, call, &out, connection, &domains));
    http_answer_json(call->response, status, json_out_end(&out));
    return OK_RESULT;
}

result connections_list_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    struct connection_list list;
    struct domain_list domains;
    TRY(connection_list_all(scope, call->db, call->actor->org_id, &list));
    TRY(domain_list_all(scope, call->db, call->actor->org_id, &domains));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "items");
    json_out_open_array(&out);
    for (size_t i = 0; i < list.count; i++) {
        TRY(write_connection(scope, call, &out, &list.connections[i], &domains));
    }
    json_out_close_array(&out);
    json_out_name(&out, "next"); /* never more than fit on one page */
    json_out_null(&out);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

static result own_connection(struct scope *scope, const struct call *call, struct connection *ret) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    return connection_find(scope, call->db, call->actor->org_id, call->request->path_args[0], ret);
}

result connection_get_http(struct scope *scope, struct call *call) {
    struct connection connection;
    TRY(own_connection(scope, call, &connection));
    return answer_connection(scope, call, 200, &connection);
}

/* One call to the provider before anything is stored. What is wrong with the settings is the
 * sender's to mend; a provider that is away may be tried again. */
static result discover(struct scope *scope, const struct json *body,
                       struct connection_input *input) {
    struct oidc_metadata metadata;
    const result found = oidc_provider_discover(scope, &input->connection, &metadata);
    if (!is_ok(found)) {
        const struct str reason = str_from_c(scope->reason);
        const bool is_away = str_eq(reason, STR("http.connect")) ||
                             str_eq(reason, STR("http.timeout")) ||
                             str_eq(reason, STR("http.failed"));
        return is_away ? found : (result){INVALID};
    }
    REQUIRE(scope, (metadata.algs & input->connection.oidc.algs) != 0, INVALID, "oidc.algorithms");
    if (json_get(body, STR("userinfo")) == NULL) {
        input->connection.oidc.needs_userinfo = metadata.userinfo_endpoint.len > 0;
    }
    return OK_RESULT;
}

static result import_provider(struct scope *scope, const struct call *call,
                              struct connection_input *input) {
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    SAML_REQUIRE(scope, call->identity->saml_reader != NULL, SAML_JAIL_BUSY);
    TRY(saml_provider_import(scope, call->identity->saml_reader, &input->connection.saml,
                             &input->source, provider));
    input->provider = provider;
    return OK_RESULT;
}

/* What the provider has to say before anything is stored. */
static result ask_provider(struct scope *scope, const struct call *call, const struct json *body,
                           struct connection_input *input) {
    switch (input->connection.kind) {
    case CONNECTION_OIDC: return discover(scope, body, input);
    case CONNECTION_SAML: return import_provider(scope, call, input);
    case CONNECTION_SCIM:
    case CONNECTION_KIND_COUNT: break;
    }
    return OK_RESULT;
}

static bool is_provider_new(const struct connection_input *input, const struct connection *before) {
    const struct connection *now = &input->connection;
    return input->has_new_source || !str_eq(now->oidc.issuer, before->oidc.issuer) ||
           !str_eq(now->oidc.ca_pem, before->oidc.ca_pem);
}

result connection_create_http(struct scope *scope, struct call *call) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    const struct json *body = NULL;
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    struct connection connection;
    const struct connection_change change = change_of(call);
    TRY(call_json(scope, call, &body));
    TRY(connection_input_read(scope, body, NULL, input));
    TRY(ask_provider(scope, call, body, input));
    TRY(connection_create(scope, &change, call->db, input, &connection));
    return answer_connection(scope, call, 201, &connection);
}

static bool is_only_member(const struct json *body, struct str name, struct str value) {
    return json_count(body) == 1 && str_eq(json_as_string(json_get(body, name)), value);
}

result connection_patch_http(struct scope *scope, struct call *call) {
    struct connection connection;
    const struct json *body = NULL;
    const struct connection_change change = change_of(call);
    TRY(own_connection(scope, call, &connection));
    REQUIRE(scope, connection.kind != CONNECTION_SCIM, INVALID, "connection.kind");
    TRY(call_json(scope, call, &body));
    if (is_only_member(body, STR("state"), STR("disabled"))) {
        TRY(connection_disable(scope, &change, call->db, &connection, &call->revoked));
        return answer_connection(scope, call, 200, &connection);
    }
    if (connection.kind == CONNECTION_OIDC &&
        is_only_member(body, STR("client_key"), STR("rotate"))) {
        TRY(connection_rotate_key(scope, &change, call->db, &connection));
        return answer_connection(scope, call, 200, &connection);
    }
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    TRY(connection_input_read(scope, body, &connection, input));
    if (is_provider_new(input, &connection)) {
        TRY(ask_provider(scope, call, body, input));
    }
    TRY(connection_update(scope, &change, call->db, input, &connection));
    return answer_connection(scope, call, 200, &connection);
}

result connection_delete_http(struct scope *scope, struct call *call) {
    struct connection connection;
    const struct connection_change change = change_of(call);
    TRY(own_connection(scope, call, &connection));
    TRY(connection_delete(scope, &change, call->db, &connection, &call->revoked));
    http_answer_empty(call->response, 204);
    return OK_RESULT;
}

struct check {
    const char *name;
    bool is_ok;
    const char *code; /* NULL: fine, or not reached */
};

static bool probe(struct scope *scope, const struct call *call, const struct connection *connection,
                  struct check checks[3]) {
    struct oidc_metadata metadata = {.algs = 0};
    size_t keys = 0;
    checks[0] = (struct check){"discovery", false, NULL};
    checks[1] = (struct check){"keys", false, NULL};
    checks[2] = (struct check){"algorithms", false, NULL};
    if (!is_ok(oidc_provider_probe(scope, call->identity->oidc, connection, &metadata, &keys))) {
        /* Metadata that could be read has algorithms: then it was the keys. */
        const size_t failed = metadata.algs == 0 ? 0 : 1;
        checks[0].is_ok = failed == 1;
        checks[failed].code = scope->reason;
        return false;
    }
    checks[0].is_ok = true;
    checks[1].is_ok = keys > 0;
    checks[1].code = keys > 0 ? NULL : "oidc.keys";
    checks[2].is_ok = (metadata.algs & connection->oidc.algs) != 0;
    checks[2].code = checks[2].is_ok ? NULL : "oidc.algorithms";
    return checks[1].is_ok && checks[2].is_ok;
}

result connection_test_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct check checks[3];
    TRY(own_connection(scope, call, &connection));
    if (connection.kind == CONNECTION_SAML) {
        return saml_test_answer(scope, call, &connection);
    }
    REQUIRE(scope, connection.kind == CONNECTION_OIDC, INVALID, "connection.kind");
    const bool is_good = probe(scope, call, &connection, checks);
    if (is_good) {
        TRY(connection_mark_tested(scope, call->db, call->actor, &connection));
    }
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member_boolean(&out, "ok", is_good);
    json_out_name(&out, "checks");
    json_out_open_array(&out);
    for (size_t i = 0; i < 3; i++) {
        json_out_open_object(&out);
        json_out_member(&out, "check", str_from_c(checks[i].name));
        json_out_member_boolean(&out, "ok", checks[i].is_ok);
        json_out_member_or_null(&out, "code", str_from_c(checks[i].code));
        json_out_close_object(&out);
    }
    json_out_close_array(&out);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

result connection_enable_http(struct scope *scope, struct call *call) {
    struct connection connection;
    const struct connection_change change = change_of(call);
    bool is_untested_fine = false;
    TRY(own_connection(scope, call, &connection));
    if (call->request->body.len > 0) {
        static const struct str MEMBERS[] = {STR_INIT("untested")};
        const struct json *body = NULL;
        TRY(call_json(scope, call, &body));
        TRY(json_only(scope, body, MEMBERS, 1));
        TRY(json_optional_boolean(scope, body, MEMBERS[0], &is_untested_fine));
    }
    TRY(connection_enable(scope, &change, call->db, &connection, is_untested_fine));
    return answer_connection(scope, call, 200, &connection);
}
