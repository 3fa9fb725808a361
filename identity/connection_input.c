/* Settings of a connection from what an administrator sent, and as they are stored: one reader for
 * both, so that what was stored was checked. */

#include <assert.h>

#include "base/arena.h"
#include "base/env.h"
#include "identity/connection_config.h"
#include "identity/connection_input.h"
#include "identity/domain.h"

enum {
    NAME_MAX_BYTES = 120,
    CLAIM_MAX_BYTES = 256, /* SAML names attributes by URIs */
    CERTIFICATES_MAX = 64 * 1024,
    OIDC_SKEW_S = 60,
    SAML_SKEW_S = 120
};

static const char *const KINDS[] = {"oidc", "saml", "scim"};
static const char *const STATES[] = {"new", "tested", "enabled", "disabled"};
static const char *const PROVISION_RULES[] = {"match", "jit"};
static const char *const MATCH_ATTRIBUTES[] = {"external_id", "user_name", "email"};
static_assert(sizeof KINDS / sizeof *KINDS == CONNECTION_KIND_COUNT, "a name per kind");
static_assert(sizeof STATES / sizeof *STATES == CONNECTION_STATE_COUNT, "a name per state");
static_assert(sizeof PROVISION_RULES / sizeof *PROVISION_RULES == PROVISION_RULE_COUNT,
              "a name each");
static_assert(sizeof MATCH_ATTRIBUTES / sizeof *MATCH_ATTRIBUTES == MATCH_ATTRIBUTE_COUNT,
              "a name each");

const char *connection_kind_name(enum connection_kind kind) {
    return KINDS[kind];
}

const char *connection_state_name(enum connection_state state) {
    return STATES[state];
}

const char *provision_rule_name(enum provision_rule rule) {
    return PROVISION_RULES[rule];
}

const char *match_attribute_name(enum match_attribute attribute) {
    return MATCH_ATTRIBUTES[attribute];
}

int input_choice(const struct json *body, struct str member, const char *const *names, int count,
                 int now) {
    const struct json *value = json_get(body, member);
    if (value == NULL) {
        return now;
    }
    for (int i = 0; i < count; i++) {
        if (json_is_string(value) && str_eq(json_as_string(value), str_from_c(names[i]))) {
            return i;
        }
    }
    return -1;
}

bool input_text(const struct json *body, struct str member, size_t max, struct str *ret) {
    const struct json *value = json_get(body, member);
    if (value == NULL) {
        return true;
    }
    const struct str text = json_as_string(value);
    if (!json_is_string(value) || text.len > max || str_has_control(text)) {
        return false;
    }
    *ret = text;
    return true;
}

result input_only(struct scope *scope, const struct json *body, const struct str *members,
                  size_t count) {
    REQUIRE(scope, is_ok(json_only(scope, body, members, count)), INVALID, "connection.member");
    return OK_RESULT;
}

result input_certificates(struct scope *scope, const struct json *body, struct str member,
                          struct str *ret) {
    const struct json *value = json_get(body, member);
    if (value == NULL || json_kind(value) == JSON_NULL) {
        return OK_RESULT;
    }
    const struct str pem = json_as_string(value);
    REQUIRE(scope,
            pem.len <= CERTIFICATES_MAX &&
                (pem.len == 0 || (str_find(pem, STR("-----BEGIN CERTIFICATE-----")) >= 0 &&
                                  str_find(pem, STR("PRIVATE KEY")) < 0)) &&
                json_is_string(value),
            INVALID, "connection.ca_pem");
    *ret = pem;
    return OK_RESULT;
}

static result read_match(struct scope *scope, const struct json *body,
                         struct connection *connection) {
    const int rule = input_choice(body, STR("provisioning"), PROVISION_RULES, PROVISION_RULE_COUNT,
                                  (int) connection->provisioning);
    REQUIRE(scope, rule >= 0, INVALID, "connection.provisioning");
    connection->provisioning = (enum provision_rule) rule;
    const struct json *match = json_get(body, STR("match"));
    if (match == NULL) {
        return OK_RESULT;
    }
    if (json_kind(match) == JSON_NULL) {
        connection->match_claim = STR("");
        return OK_RESULT;
    }
    static const struct str MEMBERS[] = {STR_INIT("claim"), STR_INIT("attribute")};
    const int attribute =
        input_choice(match, STR("attribute"), MATCH_ATTRIBUTES, MATCH_ATTRIBUTE_COUNT, -1);
    REQUIRE(scope,
            json_is_object(match) && is_ok(json_only(scope, match, MEMBERS, 2)) &&
                input_text(match, STR("claim"), CLAIM_MAX_BYTES, &connection->match_claim) &&
                connection->match_claim.len > 0 && attribute >= 0,
            INVALID, "connection.match");
    /* An address is worth matching on only if the provider vouches for that very claim. */
    REQUIRE(scope, attribute != MATCH_EMAIL || str_eq(connection->match_claim, STR("email")),
            INVALID, "connection.match");
    connection->match_attribute = (enum match_attribute) attribute;
    return OK_RESULT;
}

static result read_domains(struct scope *scope, const struct json *body,
                           struct connection_input *input) {
    const struct json *domains = json_get(body, STR("domains"));
    if (domains == NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(domains) && json_count(domains) <= CONNECTION_DOMAINS, INVALID,
            "connection.domains");
    for (size_t i = 0; i < json_count(domains); i++) {
        REQUIRE(scope,
                is_ok(domain_name_check(scope, json_as_string(json_at(domains, i)),
                                        &input->domains[input->domain_count])),
                INVALID, "connection.domains");
        input->domain_count++;
    }
    return OK_RESULT;
}

static const struct connection OIDC_DEFAULTS = {
    .kind = CONNECTION_OIDC,
    .state = CONNECTION_NEW,
    .name = STR_INIT(""),
    .provisioning = PROVISION_MATCH,
    .match_claim = STR_INIT("sub"),
    .match_attribute = MATCH_EXTERNAL_ID,
    .oidc = {.issuer = STR_INIT(""),
             .client_id = STR_INIT(""),
             .client_alg = JOSE_ES256,
             .scopes = STR_INIT("openid profile email"),
             .algs = JOSE_DEFAULT_ALGS,
             .ca_pem = STR_INIT(""),
             .prompt = STR_INIT(""),
             .acr_values = STR_INIT(""),
             .login_hint = STR_INIT(""),
             .max_age_s = -1,
             .skew_s = OIDC_SKEW_S},
    .secret_sealed = STR_INIT(""),
    .client_key_sealed = STR_INIT(""),
};

static const struct connection SAML_DEFAULTS = {
    .kind = CONNECTION_SAML,
    .state = CONNECTION_NEW,
    .name = STR_INIT(""),
    .provisioning = PROVISION_MATCH,
    .match_claim = STR_INIT("name_id"),
    .match_attribute = MATCH_USER_NAME,
    .saml = {.metadata_url = STR_INIT(""),
             .entity_id = STR_INIT(""),
             .metadata_signer = STR_INIT(""),
             .ca_pem = STR_INIT(""),
             .sp_entity_id = STR_INIT(""),
             .must_sign = SAML_SIGNED_EITHER,
             .cbc = SAML_CBC_SIGNED_RESPONSE,
             .sign_requests = true,
             .idp_initiated = SAML_IDP_INITIATED_OFF,
             .skew_s = SAML_SKEW_S,
             .name_id_format = STR_INIT(""),
             .subject_attribute = STR_INIT(""),
             .user_name = STR_INIT(""),
             .email = STR_INIT(""),
             .display_name = STR_INIT(""),
             .groups = STR_INIT("")},
    .secret_sealed = STR_INIT(""),
    .client_key_sealed = STR_INIT(""),
};

static const struct connection *defaults_of(enum connection_kind kind) {
    return kind == CONNECTION_SAML ? &SAML_DEFAULTS : &OIDC_DEFAULTS;
}

static result read_kind(struct scope *scope, const struct json *body, const struct connection *base,
                        enum connection_kind *ret) {
    const int now = base == NULL ? -1 : (int) base->kind;
    const int kind = input_choice(body, STR("kind"), KINDS, CONNECTION_KIND_COUNT, now);
    const bool is_same = base == NULL || kind == now;
    REQUIRE(scope, is_same && (kind == CONNECTION_OIDC || kind == CONNECTION_SAML), INVALID,
            "connection.kind");
    *ret = (enum connection_kind) kind;
    return OK_RESULT;
}

result connection_input_read(struct scope *scope, const struct json *body,
                             const struct connection *base, struct connection_input *ret) {
    enum connection_kind kind;
    REQUIRE(scope, json_is_object(body), INVALID, "connection.member");
    TRY(read_kind(scope, body, base, &kind));
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    input->connection = base == NULL ? *defaults_of(kind) : *base;
    struct connection *connection = &input->connection;
    REQUIRE(scope,
            input_text(body, STR("name"), NAME_MAX_BYTES, &connection->name) &&
                connection->name.len > 0,
            INVALID, "connection.name");
    TRY(read_match(scope, body, connection));
    TRY(read_domains(scope, body, input));
    TRY(kind == CONNECTION_SAML ? connection_input_read_saml(scope, body, base == NULL, input)
                                : connection_input_read_oidc(scope, body, input));
    *ret = *input;
    return OK_RESULT;
}

static void write_match(struct json_out *out, const struct connection *connection) {
    json_out_name(out, "match");
    if (connection->match_claim.len == 0) {
        json_out_null(out);
        return;
    }
    json_out_open_object(out);
    json_out_member(out, "claim", connection->match_claim);
    json_out_member(out, "attribute",
                    str_from_c(match_attribute_name(connection->match_attribute)));
    json_out_close_object(out);
}

void connection_write_settings(struct json_out *out, const struct connection *connection) {
    switch (connection->kind) {
    case CONNECTION_OIDC: connection_write_oidc(out, connection); break;
    case CONNECTION_SAML: connection_write_saml(out, connection); break;
    case CONNECTION_SCIM:
    case CONNECTION_KIND_COUNT: return;
    }
    json_out_member(out, "provisioning", str_from_c(provision_rule_name(connection->provisioning)));
    write_match(out, connection);
}

struct str connection_config_write(struct scope *scope, const struct connection *connection) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    connection_write_settings(&out, connection);
    if (connection->kind == CONNECTION_SAML) {
        /* apart from the settings, because the API calls our own address by this name */
        json_out_member(&out, "metadata_url", connection->saml.metadata_url);
    }
    json_out_close_object(&out);
    return json_out_end(&out);
}

result connection_config_read(struct scope *scope, struct str config,
                              struct connection *connection) {
    if (connection->kind != CONNECTION_OIDC && connection->kind != CONNECTION_SAML) {
        return OK_RESULT;
    }
    struct connection stored = *defaults_of(connection->kind);
    stored.name = connection->name;
    stored.secret_sealed = STR("kept apart");
    const struct json *json = NULL;
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    REQUIRE(scope,
            is_ok(json_read(scope, config, &json)) &&
                is_ok(connection_input_read(scope, json, &stored, input)),
            INTERNAL, "connection.row");
    connection->oidc = input->connection.oidc;
    connection->saml = input->connection.saml;
    connection->provisioning = input->connection.provisioning;
    connection->match_claim = input->connection.match_claim;
    connection->match_attribute = input->connection.match_attribute;
    return OK_RESULT;
}
