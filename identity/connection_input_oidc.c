/* Settings of an OpenID connection: read from what an administrator sent, and written. */

#include <assert.h>

#include "base/url.h"
#include "identity/connection_input.h"

enum { CLIENT_ID_MAX = 512, CLIENT_SECRET_MAX = 1024, HINT_MAX = 256, SCOPES_MAX = 32 };

static const char *const CLIENT_AUTHS[] = {"client_secret_basic", "client_secret_post",
                                           "private_key_jwt"};
static_assert(sizeof CLIENT_AUTHS / sizeof *CLIENT_AUTHS == CLIENT_AUTH_COUNT, "a name each");

const char *client_auth_name(enum client_auth auth) {
    return CLIENT_AUTHS[auth];
}

static result read_issuer(struct scope *scope, const struct json *body, struct str *ret) {
    struct url url;
    REQUIRE(scope, input_text(body, STR("issuer"), URL_MAX_BYTES, ret), INVALID,
            "connection.issuer");
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
            input_text(body, STR("client_id"), CLIENT_ID_MAX, &oidc->client_id) &&
                oidc->client_id.len > 0,
            INVALID, "connection.client_id");
    const int auth = input_choice(body, STR("client_auth"), CLIENT_AUTHS, CLIENT_AUTH_COUNT,
                                  (int) oidc->client_auth);
    REQUIRE(scope, auth >= 0, INVALID, "connection.client_auth");
    oidc->client_auth = (enum client_auth) auth;
    REQUIRE(scope, input_text(body, STR("client_secret"), CLIENT_SECRET_MAX, &input->client_secret),
            INVALID, "connection.client_secret");
    struct str alg = str_from_c(jose_alg_name(oidc->client_alg));
    REQUIRE(scope,
            input_text(body, STR("client_alg"), 16, &alg) &&
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

static result read_request(struct scope *scope, const struct json *body,
                           struct oidc_settings *oidc) {
    REQUIRE(scope,
            input_text(body, STR("prompt"), HINT_MAX, &oidc->prompt) &&
                input_text(body, STR("acr_values"), HINT_MAX, &oidc->acr_values) &&
                input_text(body, STR("login_hint"), HINT_MAX, &oidc->login_hint),
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

result connection_input_read_oidc(struct scope *scope, const struct json *body,
                                  struct connection_input *input) {
    static const struct str MEMBERS[] = {
        STR_INIT("kind"),         STR_INIT("name"),        STR_INIT("issuer"),
        STR_INIT("client_id"),    STR_INIT("client_auth"), STR_INIT("client_secret"),
        STR_INIT("client_alg"),   STR_INIT("scopes"),      STR_INIT("id_token_algs"),
        STR_INIT("provisioning"), STR_INIT("match"),       STR_INIT("domains"),
        STR_INIT("ca_pem"),       STR_INIT("prompt"),      STR_INIT("acr_values"),
        STR_INIT("login_hint"),   STR_INIT("max_age_s"),   STR_INIT("skew_s"),
        STR_INIT("userinfo"),
    };
    struct connection *connection = &input->connection;
    TRY(input_only(scope, body, MEMBERS, sizeof MEMBERS / sizeof *MEMBERS));
    TRY(read_issuer(scope, body, &connection->oidc.issuer));
    TRY(read_client(scope, body, input));
    TRY(read_scopes(scope, body, &connection->oidc.scopes));
    TRY(read_algorithms(scope, body, &connection->oidc.algs));
    TRY(read_request(scope, body, &connection->oidc));
    TRY(input_certificates(scope, body, STR("ca_pem"), &connection->oidc.ca_pem));
    const bool needs_secret = connection->oidc.client_auth != CLIENT_PRIVATE_KEY_JWT;
    REQUIRE(scope,
            !needs_secret || input->client_secret.len > 0 || connection->secret_sealed.len > 0,
            INVALID, "connection.client_secret");
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

void connection_write_oidc(struct json_out *out, const struct connection *connection) {
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
    json_out_member(out, "ca_pem", oidc->ca_pem);
    json_out_member(out, "prompt", oidc->prompt);
    json_out_member(out, "acr_values", oidc->acr_values);
    json_out_member(out, "login_hint", oidc->login_hint);
    json_out_member_number(out, "max_age_s", oidc->max_age_s);
    json_out_member_number(out, "skew_s", oidc->skew_s);
    json_out_member_boolean(out, "userinfo", oidc->needs_userinfo);
}
