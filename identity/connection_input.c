/* Settings of a connection from what an administrator sent, and as they are stored: one reader for
 * both, so that what was stored was checked. */

#include <assert.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/url.h"
#include "identity/connection.h"
#include "identity/connection_config.h"
#include "identity/domain.h"

enum {
    NAME_MAX_BYTES = 120,
    CLIENT_ID_MAX = 512,
    CLIENT_SECRET_MAX = 1024,
    CA_PEM_MAX = 64 * 1024,
    HINT_MAX = 256,
    SCOPES_MAX = 32,
    DEFAULT_SKEW_S = 60
};

static const char *const KINDS[] = {"oidc", "scim"};
static const char *const STATES[] = {"new", "tested", "enabled", "disabled"};
static const char *const CLIENT_AUTHS[] = {"client_secret_basic", "client_secret_post",
                                           "private_key_jwt"};
static const char *const PROVISION_RULES[] = {"match", "jit"};
static const char *const MATCH_ATTRIBUTES[] = {"external_id", "user_name", "email"};
static_assert(sizeof KINDS / sizeof *KINDS == CONNECTION_KIND_COUNT, "a name per kind");
static_assert(sizeof STATES / sizeof *STATES == CONNECTION_STATE_COUNT, "a name per state");
static_assert(sizeof CLIENT_AUTHS / sizeof *CLIENT_AUTHS == CLIENT_AUTH_COUNT, "a name each");
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

const char *client_auth_name(enum client_auth auth) {
    return CLIENT_AUTHS[auth];
}

const char *provision_rule_name(enum provision_rule rule) {
    return PROVISION_RULES[rule];
}

const char *match_attribute_name(enum match_attribute attribute) {
    return MATCH_ATTRIBUTES[attribute];
}

/* The position of the member's text among the names; absent: kept. -1: none of them. */
static int chosen(const struct json *body, struct str member, const char *const *names, int count,
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

static bool is_text(const struct json *body, struct str member, size_t max, struct str *ret) {
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

static result read_issuer(struct scope *scope, const struct json *body, struct str *ret) {
    struct url url;
    REQUIRE(scope, is_text(body, STR("issuer"), URL_MAX_BYTES, ret), INVALID, "connection.issuer");
    REQUIRE(scope,
            is_ok(url_parse_web(scope, *ret, false, &url)) && url.query.len == 0 &&
                str_find_byte(*ret, '?') < 0 && str_find_byte(*ret, '#') < 0,
            INVALID, "connection.issuer");
    return OK_RESULT;
}

static result read_client(struct scope *scope, const struct json *body,
                          struct connection_input *input) {
    struct oidc_settings *oidc = &input->connection.oidc;
    REQUIRE(scope,
            is_text(body, STR("client_id"), CLIENT_ID_MAX, &oidc->client_id) &&
                oidc->client_id.len > 0,
            INVALID, "connection.client_id");
    const int auth =
        chosen(body, STR("client_auth"), CLIENT_AUTHS, CLIENT_AUTH_COUNT, (int) oidc->client_auth);
    REQUIRE(scope, auth >= 0, INVALID, "connection.client_auth");
    oidc->client_auth = (enum client_auth) auth;
    REQUIRE(scope, is_text(body, STR("client_secret"), CLIENT_SECRET_MAX, &input->client_secret),
            INVALID, "connection.client_secret");
    struct str alg = str_from_c(jose_alg_name(oidc->client_alg));
    REQUIRE(scope,
            is_text(body, STR("client_alg"), 16, &alg) &&
                is_ok(jose_alg_parse(scope, alg, &oidc->client_alg)) &&
                (JOSE_DEFAULT_ALGS & JOSE_BIT(oidc->client_alg)) != 0,
            INVALID, "connection.client_alg");
    return OK_RESULT;
}

/* RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E */
static bool is_scope_token(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        if (byte < 0x21 || byte > 0x7e || byte == '"' || byte == '\\') {
            return false;
        }
    }
    return text.len > 0 && text.len <= 64;
}

static result read_scopes(struct scope *scope, const struct json *body, struct str *ret) {
    const struct json *scopes = json_get(body, STR("scopes"));
    if (scopes == NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(scopes) && json_count(scopes) <= SCOPES_MAX, INVALID,
            "connection.scopes");
    struct strbuf text = strbuf_begin(scope->arena, 4096);
    strbuf_add_c(&text, "openid"); /* without it the answer has no ID token */
    for (size_t i = 0; i < json_count(scopes); i++) {
        const struct str one = json_as_string(json_at(scopes, i));
        REQUIRE(scope, is_scope_token(one), INVALID, "connection.scopes");
        if (!str_eq(one, STR("openid"))) {
            strbuf_add_byte(&text, ' ');
            strbuf_add(&text, one);
        }
    }
    *ret = strbuf_str(&text);
    return OK_RESULT;
}

static result read_algorithms(struct scope *scope, const struct json *body, unsigned *ret) {
    const struct json *names = json_get(body, STR("id_token_algs"));
    if (names == NULL) {
        return OK_RESULT;
    }
    unsigned bits = 0;
    for (size_t i = 0; i < json_count(names); i++) {
        enum jose_alg alg;
        REQUIRE(scope, is_ok(jose_alg_parse(scope, json_as_string(json_at(names, i)), &alg)),
                INVALID, "connection.id_token_algs");
        bits |= JOSE_BIT(alg);
    }
    REQUIRE(scope, json_is_array(names) && bits != 0, INVALID, "connection.id_token_algs");
    *ret = bits;
    return OK_RESULT;
}

static result read_match(struct scope *scope, const struct json *body,
                         struct connection *connection) {
    const int rule = chosen(body, STR("provisioning"), PROVISION_RULES, PROVISION_RULE_COUNT,
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
        chosen(match, STR("attribute"), MATCH_ATTRIBUTES, MATCH_ATTRIBUTE_COUNT, -1);
    REQUIRE(scope,
            json_is_object(match) && is_ok(json_only(scope, match, MEMBERS, 2)) &&
                is_text(match, STR("claim"), 64, &connection->match_claim) &&
                connection->match_claim.len > 0 && attribute >= 0,
            INVALID, "connection.match");
    /* An address is worth matching on only if the provider vouches for that very claim. */
    REQUIRE(scope, attribute != MATCH_EMAIL || str_eq(connection->match_claim, STR("email")),
            INVALID, "connection.match");
    connection->match_attribute = (enum match_attribute) attribute;
    return OK_RESULT;
}

static result read_request(struct scope *scope, const struct json *body,
                           struct oidc_settings *oidc) {
    REQUIRE(scope,
            is_text(body, STR("prompt"), HINT_MAX, &oidc->prompt) &&
                is_text(body, STR("acr_values"), HINT_MAX, &oidc->acr_values) &&
                is_text(body, STR("login_hint"), HINT_MAX, &oidc->login_hint),
            INVALID, "connection.request");
    REQUIRE(scope,
            is_ok(json_optional_integer(scope, body, STR("max_age_s"), -1, INT64_C(31536000),
                                        &oidc->max_age_s)),
            INVALID, "connection.max_age");
    REQUIRE(scope,
            is_ok(json_optional_integer(scope, body, STR("skew_s"), 0, CONNECTION_SKEW_MAX_S,
                                        &oidc->skew_s)),
            INVALID, "connection.skew");
    REQUIRE(scope,
            is_ok(json_optional_boolean(scope, body, STR("userinfo"), &oidc->needs_userinfo)),
            INVALID, "connection.userinfo");
    return OK_RESULT;
}

static result read_authority(struct scope *scope, const struct json *body, struct str *ret) {
    const struct json *value = json_get(body, STR("ca_pem"));
    if (value == NULL || json_kind(value) == JSON_NULL) {
        return OK_RESULT;
    }
    const struct str pem = json_as_string(value);
    REQUIRE(scope,
            pem.len <= CA_PEM_MAX &&
                (pem.len == 0 || (str_find(pem, STR("-----BEGIN CERTIFICATE-----")) >= 0 &&
                                  str_find(pem, STR("PRIVATE KEY")) < 0)) &&
                json_is_string(value),
            INVALID, "connection.ca_pem");
    *ret = pem;
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

static const struct connection DEFAULTS = {
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
             .skew_s = DEFAULT_SKEW_S},
    .secret_sealed = STR_INIT(""),
    .client_key_sealed = STR_INIT(""),
};

result connection_input_read(struct scope *scope, const struct json *body,
                             const struct connection *base, struct connection_input *ret) {
    static const struct str MEMBERS[] = {
        STR_INIT("kind"),         STR_INIT("name"),        STR_INIT("issuer"),
        STR_INIT("client_id"),    STR_INIT("client_auth"), STR_INIT("client_secret"),
        STR_INIT("client_alg"),   STR_INIT("scopes"),      STR_INIT("id_token_algs"),
        STR_INIT("provisioning"), STR_INIT("match"),       STR_INIT("domains"),
        STR_INIT("ca_pem"),       STR_INIT("prompt"),      STR_INIT("acr_values"),
        STR_INIT("login_hint"),   STR_INIT("max_age_s"),   STR_INIT("skew_s"),
        STR_INIT("userinfo"),
    };
    REQUIRE(scope,
            json_is_object(body) &&
                is_ok(json_only(scope, body, MEMBERS, sizeof MEMBERS / sizeof *MEMBERS)),
            INVALID, "connection.member");
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    input->connection = base == NULL ? DEFAULTS : *base;
    struct connection *connection = &input->connection;
    REQUIRE(scope, chosen(body, STR("kind"), KINDS, 1, base == NULL ? -1 : 0) == CONNECTION_OIDC,
            INVALID, "connection.kind");
    REQUIRE(scope,
            is_text(body, STR("name"), NAME_MAX_BYTES, &connection->name) &&
                connection->name.len > 0,
            INVALID, "connection.name");
    TRY(read_issuer(scope, body, &connection->oidc.issuer));
    TRY(read_client(scope, body, input));
    TRY(read_scopes(scope, body, &connection->oidc.scopes));
    TRY(read_algorithms(scope, body, &connection->oidc.algs));
    TRY(read_match(scope, body, connection));
    TRY(read_request(scope, body, &connection->oidc));
    TRY(read_authority(scope, body, &connection->oidc.ca_pem));
    TRY(read_domains(scope, body, input));
    const bool needs_secret = connection->oidc.client_auth != CLIENT_PRIVATE_KEY_JWT;
    REQUIRE(scope,
            !needs_secret || input->client_secret.len > 0 || connection->secret_sealed.len > 0,
            INVALID, "connection.client_secret");
    *ret = *input;
    return OK_RESULT;
}

static void write_words(struct json_out *out, struct str words) {
    json_out_open_array(out);
    while (words.len > 0) {
        struct str one;
        words = str_split(words, ' ', &one);
        json_out_string(out, one);
    }
    json_out_close_array(out);
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
    const struct oidc_settings *oidc = &connection->oidc;
    json_out_member(out, "issuer", oidc->issuer);
    json_out_member(out, "client_id", oidc->client_id);
    json_out_member(out, "client_auth", str_from_c(client_auth_name(oidc->client_auth)));
    json_out_member(out, "client_alg", str_from_c(jose_alg_name(oidc->client_alg)));
    json_out_name(out, "scopes");
    write_words(out, oidc->scopes);
    json_out_name(out, "id_token_algs");
    json_out_open_array(out);
    for (int alg = 0; alg < JOSE_ALG_COUNT; alg++) {
        if ((oidc->algs & JOSE_BIT(alg)) != 0) {
            json_out_string(out, str_from_c(jose_alg_name((enum jose_alg) alg)));
        }
    }
    json_out_close_array(out);
    json_out_member(out, "provisioning", str_from_c(provision_rule_name(connection->provisioning)));
    write_match(out, connection);
    json_out_member(out, "ca_pem", oidc->ca_pem);
    json_out_member(out, "prompt", oidc->prompt);
    json_out_member(out, "acr_values", oidc->acr_values);
    json_out_member(out, "login_hint", oidc->login_hint);
    json_out_member_number(out, "max_age_s", oidc->max_age_s);
    json_out_member_number(out, "skew_s", oidc->skew_s);
    json_out_member_boolean(out, "userinfo", oidc->needs_userinfo);
}

struct str connection_config_write(struct scope *scope, const struct connection *connection) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    if (connection->kind == CONNECTION_OIDC) {
        connection_write_settings(&out, connection);
    }
    json_out_close_object(&out);
    return json_out_end(&out);
}

result connection_config_read(struct scope *scope, struct str config,
                              struct connection *connection) {
    if (connection->kind != CONNECTION_OIDC) {
        return OK_RESULT;
    }
    struct connection stored = DEFAULTS;
    stored.name = connection->name;
    stored.secret_sealed = STR("kept apart");
    const struct json *json = NULL;
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    REQUIRE(scope,
            is_ok(json_read(scope, config, &json)) &&
                is_ok(connection_input_read(scope, json, &stored, input)),
            INTERNAL, "connection.row");
    connection->oidc = input->connection.oidc;
    connection->provisioning = input->connection.provisioning;
    connection->match_claim = input->connection.match_claim;
    connection->match_attribute = input->connection.match_attribute;
    return OK_RESULT;
}
