#include "identity/provider_http.h"

#include "base/arena.h"
#include "identity/connection.h"
#include "identity/identity.h"
#include "identity/oidc/oidc_health.h"
#include "identity/oidc/oidc_metadata.h"
#include "identity/saml/saml_facts.h"
#include "identity/saml/saml_refresh.h"

static const char *const BINDINGS[SAML_BINDING_COUNT] = {
    [SAML_REDIRECT] = "redirect",
    [SAML_POST] = "post",
};

static void write_endpoints(struct json_out *out, const char *name,
                            const struct saml_endpoint *endpoints, size_t count) {
    json_out_name(out, name);
    json_out_open_array(out);
    for (size_t i = 0; i < count; i++) {
        json_out_open_object(out);
        json_out_member(out, "binding", str_from_c(BINDINGS[endpoints[i].binding]));
        json_out_member(out, "location", endpoints[i].location);
        json_out_member_or_null(out, "response_location", endpoints[i].response_location);
        json_out_close_object(out);
    }
    json_out_close_array(out);
}

static void write_certificates(struct scope *scope, struct json_out *out,
                               const struct saml_idp *idp) {
    json_out_name(out, "certificates");
    json_out_open_array(out);
    for (size_t i = 0; i < idp->certificate_count; i++) {
        json_out_open_object(out);
        json_out_member(out, "fingerprint", saml_fingerprint(scope, idp->certificates[i].der));
        json_out_member_time(out, "not_before", idp->certificates[i].not_before_us);
        json_out_member_time(out, "expires_at", idp->certificates[i].not_after_us);
        json_out_close_object(out);
    }
    json_out_close_array(out);
}

static void write_facts(struct scope *scope, struct json_out *out, const struct saml_idp *idp) {
    json_out_member(out, "entity_id", idp->entity_id);
    write_endpoints(out, "sign_on", idp->sign_on, idp->sign_on_count);
    write_endpoints(out, "logout", idp->logout, idp->logout_count);
    write_certificates(scope, out, idp);
    json_out_member_time(out, "valid_until", idp->valid_until.is_present ? idp->valid_until.us : 0);
}

static void write_pending(struct scope *scope, struct json_out *out,
                          const struct saml_provider *provider) {
    json_out_name(out, "pending");
    if (!provider->has_pending) {
        json_out_null(out);
        return;
    }
    const struct saml_idp *facts = &provider->facts;
    const struct saml_idp *pending = &provider->pending;
    json_out_open_object(out);
    json_out_member(out, "hash", provider->pending_hash);
    json_out_name(out, "changes");
    json_out_open_array(out);
    if (!str_eq(facts->entity_id, pending->entity_id)) {
        json_out_string(out, STR("entity_id"));
    }
    if (!saml_facts_has_same_endpoints(facts, pending)) {
        json_out_string(out, STR("endpoints"));
    }
    for (size_t i = 0; i < pending->certificate_count; i++) {
        if (!saml_facts_has_certificate(facts, pending->certificates[i].der)) {
            json_out_string(out, STR("certificates"));
            break;
        }
    }
    json_out_close_array(out);
    write_facts(scope, out, pending);
    json_out_close_object(out);
}

struct fetching {
    int64_t fetched_us, good_us, next_us, failures;
    struct str failure;
};

static void write_fetching(struct json_out *out, const struct fetching *fetching) {
    json_out_member_time(out, "fetched_at", fetching->fetched_us);
    json_out_member_time(out, "good_at", fetching->good_us);
    json_out_member_time(out, "next_at", fetching->next_us);
    json_out_member_number(out, "failures", fetching->failures);
    json_out_member_or_null(out, "failure", fetching->failure);
}

static void answer_saml(struct scope *scope, struct call *call,
                        const struct saml_provider *provider) {
    const struct fetching fetching = {provider->fetched_us, provider->good_us, provider->next_us,
                                      provider->failures, provider->failure};
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "kind", STR("saml"));
    json_out_member(&out, "origin", str_from_c(saml_origin_name(provider->origin)));
    json_out_member_or_null(&out, "url", provider->url);
    write_facts(scope, &out, &provider->facts);
    json_out_member_number(&out, "unreadable_certificates",
                           (int64_t) provider->facts.unreadable_count);
    json_out_member_boolean(&out, "wants_requests_signed", provider->facts.wants_requests_signed);
    json_out_member_time(&out, "changed_at", provider->changed_us);
    write_fetching(&out, &fetching);
    write_pending(scope, &out, provider);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
}

static void answer_oidc(struct scope *scope, struct call *call, const struct connection *connection,
                        const struct oidc_health *health) {
    const struct fetching fetching = {health->checked_us, health->good_us, health->next_us,
                                      health->failures, health->failure};
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "kind", STR("oidc"));
    json_out_member(&out, "origin", STR("url"));
    json_out_member(&out, "url", oidc_metadata_url(scope, connection->oidc.issuer));
    json_out_member_number(&out, "keys", health->keys);
    write_fetching(&out, &fetching);
    json_out_name(&out, "pending");
    json_out_null(&out);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
}

static result own_connection(struct scope *scope, const struct call *call, struct connection *ret) {
    TRY(call_require(scope, call, MAY_MANAGE_ACCESS));
    TRY(connection_find(scope, call->db, call->actor->org_id, call->request->path_args[0], ret));
    REQUIRE(scope, ret->kind == CONNECTION_SAML || ret->kind == CONNECTION_OIDC, INVALID,
            "connection.kind");
    return OK_RESULT;
}

static struct connection_change change_of(const struct call *call) {
    return (struct connection_change){
        .identity = call->identity,
        .messaging = call->messaging,
        .actor = call->actor,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
}

result connection_provider_http(struct scope *scope, struct call *call) {
    struct connection *connection = NEW(scope->arena, struct connection);
    TRY(own_connection(scope, call, connection));
    if (connection->kind == CONNECTION_OIDC) {
        struct oidc_health health;
        TRY(oidc_health_find(scope, call->db, connection->org_id, connection->id, &health));
        answer_oidc(scope, call, connection, &health);
        return OK_RESULT;
    }
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    TRY(saml_provider_find(scope, call->db, connection->org_id, connection->id, provider));
    answer_saml(scope, call, provider);
    return OK_RESULT;
}

result connection_provider_refresh_http(struct scope *scope, struct call *call) {
    struct connection *connection = NEW(scope->arena, struct connection);
    const struct connection_change change = change_of(call);
    TRY(own_connection(scope, call, connection));
    if (connection->kind == CONNECTION_OIDC) {
        struct oidc_health health;
        TRY(oidc_health_check(scope, call->identity->oidc, call->db, connection, &health));
        answer_oidc(scope, call, connection, &health);
        return OK_RESULT;
    }
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    TRY(saml_provider_find(scope, call->db, connection->org_id, connection->id, provider));
    TRY(saml_refresh_now(scope, call->identity->saml_reader, &change, call->db, provider));
    answer_saml(scope, call, provider);
    return OK_RESULT;
}

result connection_provider_accept_http(struct scope *scope, struct call *call) {
    static const struct str MEMBERS[] = {STR_INIT("hash")};
    struct connection *connection = NEW(scope->arena, struct connection);
    const struct connection_change change = change_of(call);
    const struct json *body = NULL;
    struct str hash = STR("");
    TRY(own_connection(scope, call, connection));
    REQUIRE(scope, connection->kind == CONNECTION_SAML, INVALID, "connection.kind");
    TRY(call_json(scope, call, &body));
    TRY(json_only(scope, body, MEMBERS, 1));
    TRY(json_need_string(scope, body, MEMBERS[0], &hash));
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    TRY(saml_provider_find(scope, call->db, connection->org_id, connection->id, provider));
    TRY(saml_refresh_accept(scope, &change, call->db, hash, provider));
    answer_saml(scope, call, provider);
    return OK_RESULT;
}

static void write_summary(struct json_out *out, const struct fetching *fetching, bool waits) {
    json_out_name(out, "health");
    json_out_open_object(out);
    json_out_member_time(out, "checked_at", fetching->fetched_us);
    json_out_member_time(out, "good_at", fetching->good_us);
    json_out_member_or_null(out, "failure", fetching->failure);
    json_out_member_boolean(out, "waits", waits);
    json_out_close_object(out);
}

static result no_health(result found, struct json_out *out) {
    if (found.code == NOT_FOUND) {
        json_out_name(out, "health");
        json_out_null(out);
        return OK_RESULT;
    }
    return found;
}

result provider_write_health(struct scope *scope, struct db *db,
                             const struct connection *connection, struct json_out *out) {
    if (connection->kind == CONNECTION_OIDC) {
        struct oidc_health health;
        const result found =
            oidc_health_find(scope, db, connection->org_id, connection->id, &health);
        if (!is_ok(found)) {
            return no_health(found, out);
        }
        write_summary(out,
                      &(struct fetching){.fetched_us = health.checked_us,
                                         .good_us = health.good_us,
                                         .failure = health.failure},
                      false);
        return OK_RESULT;
    }
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    const result found =
        saml_provider_find(scope, db, connection->org_id, connection->id, provider);
    if (!is_ok(found)) {
        return no_health(found, out);
    }
    write_summary(out,
                  &(struct fetching){.fetched_us = provider->fetched_us,
                                     .good_us = provider->good_us,
                                     .failure = provider->failure},
                  provider->has_pending);
    return OK_RESULT;
}
