#include "identity/oidc/oidc_token.h"

#include "base/crypto.h"
#include "base/form.h"
#include "base/url.h"
#include "identity/oidc/client_key.h"
#include "identity/oidc/oidc_call.h"

enum { FIELDS_MAX = 8, TOKEN_MAX = 16 * 1024 };
static const int64_t EXPIRES_MAX_S = INT64_C(366) * 86400;

struct token_request {
    size_t count;
    struct form_field fields[FIELDS_MAX];
    struct http_header authorization; /* value empty: none */
};

static void add_field(struct token_request *request, struct str name, struct str value) {
    request->fields[request->count++] = (struct form_field){name, value};
}

/* RFC 6749 section 2.3.1: both halves are form-encoded before they become Basic. */
static struct str basic(struct scope *scope, struct str id, struct secret secret) {
    const struct str pair =
        str_format(scope->arena, "%.*s:%.*s", STR_ARG(form_encode(scope->arena, id)),
                   STR_ARG(form_encode(scope->arena, secret.bytes)));
    return str_format(scope->arena, "Basic %.*s", STR_ARG(base64_encode(scope->arena, pair)));
}

static result authenticate(struct scope *scope, const struct oidc_grant *grant,
                           struct token_request *request) {
    const struct oidc_settings *settings = &grant->connection->oidc;
    struct secret secret;
    switch (settings->client_auth) {
    case CLIENT_SECRET_BASIC:
        TRY(connection_secret(scope, grant->identity, grant->connection, &secret));
        request->authorization =
            (struct http_header){STR("Authorization"), basic(scope, settings->client_id, secret)};
        return OK_RESULT;
    case CLIENT_SECRET_POST:
        TRY(connection_secret(scope, grant->identity, grant->connection, &secret));
        add_field(request, STR("client_id"), settings->client_id);
        add_field(request, STR("client_secret"), secret.bytes);
        return OK_RESULT;
    case CLIENT_PRIVATE_KEY_JWT: break;
    case CLIENT_AUTH_COUNT: return FAIL(scope, INTERNAL, "oidc.client_auth");
    }
    struct client_keys keys;
    struct str assertion;
    TRY(connection_client_key(scope, grant->identity, grant->connection, &secret));
    TRY(client_keys_read(scope, secret, &keys));
    TRY(client_assertion(scope, &keys, settings, &assertion));
    add_field(request, STR("client_id"), settings->client_id);
    add_field(request, STR("client_assertion_type"),
              STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    add_field(request, STR("client_assertion"), assertion);
    return OK_RESULT;
}

static result refused(struct scope *scope, const struct json *json) {
    const struct str error = json_as_string(json_get(json, STR("error")));
    REQUIRE(scope, !str_eq(error, STR("invalid_grant")), UNAUTHENTICATED, "oidc.invalid_grant");
    REQUIRE(scope, !str_eq(error, STR("invalid_client")), UNAUTHENTICATED, "oidc.client");
    return FAIL(scope, UNAUTHENTICATED, "oidc.token_answer");
}

static result read_tokens(struct scope *scope, const struct json *json, struct oidc_tokens *ret) {
    struct oidc_tokens tokens = {.access_token = STR("")};
    struct str type = STR("");
    REQUIRE(
        scope,
        json_get(json, STR("error")) == NULL &&
            is_ok(json_need_string(scope, json, STR("access_token"), &tokens.access_token)) &&
            is_ok(json_optional_string(scope, json, STR("id_token"), &tokens.id_token)) &&
            is_ok(json_optional_string(scope, json, STR("refresh_token"), &tokens.refresh_token)) &&
            is_ok(json_need_string(scope, json, STR("token_type"), &type)),
        UNAUTHENTICATED, "oidc.token_answer");
    REQUIRE(scope,
            tokens.access_token.len > 0 && tokens.access_token.len <= TOKEN_MAX &&
                tokens.refresh_token.len <= TOKEN_MAX,
            UNAUTHENTICATED, "oidc.token_answer");
    REQUIRE(scope, str_eq_ascii_nocase(type, STR("Bearer")), UNAUTHENTICATED, "oidc.token_type");
    /* Some providers send a string here; the lifetime is a hint, so it is then not said. */
    const int64_t expires_s = json_as_integer(json_get(json, STR("expires_in")));
    tokens.expires_in_s = expires_s > 0 && expires_s <= EXPIRES_MAX_S ? expires_s : 0;
    *ret = tokens;
    return OK_RESULT;
}

static result post(struct scope *scope, const struct oidc_grant *grant, struct str url,
                   struct token_request *request, struct oidc_answer *ret) {
    TRY(authenticate(scope, grant, request));
    const struct http_header headers[] = {{STR("Accept"), STR("application/json")},
                                          request->authorization};
    const struct http_call call = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = request->authorization.value.len == 0 ? 1 : 2,
        .body = form_write(scope->arena, request->fields, request->count),
        .content_type = "application/x-www-form-urlencoded",
    };
    struct oidc_answer answer;
    TRY(oidc_call(scope, grant->connection, &call, &answer));
    REQUIRE(scope, answer.status < 500, UNAVAILABLE, "oidc.token_away");
    *ret = answer;
    return OK_RESULT;
}

static result ask(struct scope *scope, const struct oidc_grant *grant,
                  struct token_request *request, struct oidc_tokens *ret) {
    struct oidc_answer answer;
    TRY(post(scope, grant, grant->metadata->token_endpoint, request, &answer));
    REQUIRE(scope, answer.json != NULL, UNAUTHENTICATED, "oidc.token_answer");
    if (answer.status != 200) {
        return refused(scope, answer.json);
    }
    return read_tokens(scope, answer.json, ret);
}

struct str oidc_redirect_uri(struct scope *scope, struct str public_url, struct str connection_id) {
    return str_format(scope->arena, "%.*s/oidc/%.*s/callback", STR_ARG(public_url),
                      STR_ARG(connection_id));
}

result oidc_token_exchange(struct scope *scope, const struct oidc_grant *grant, struct str code,
                           struct str verifier, struct oidc_tokens *ret) {
    struct token_request request = {.count = 0};
    add_field(&request, STR("grant_type"), STR("authorization_code"));
    add_field(&request, STR("code"), code);
    add_field(&request, STR("redirect_uri"),
              oidc_redirect_uri(scope, grant->identity->public_url, grant->connection->id));
    add_field(&request, STR("code_verifier"), verifier);
    struct oidc_tokens tokens;
    TRY(ask(scope, grant, &request, &tokens));
    REQUIRE(scope, tokens.id_token.len > 0, UNAUTHENTICATED, "oidc.no_id_token");
    *ret = tokens;
    return OK_RESULT;
}

result oidc_token_refresh(struct scope *scope, const struct oidc_grant *grant,
                          struct str refresh_token, struct oidc_tokens *ret) {
    struct token_request request = {.count = 0};
    add_field(&request, STR("grant_type"), STR("refresh_token"));
    add_field(&request, STR("refresh_token"), refresh_token);
    return ask(scope, grant, &request, ret);
}

result oidc_token_revoke(struct scope *scope, const struct oidc_grant *grant,
                         struct str refresh_token) {
    struct token_request request = {.count = 0};
    struct oidc_answer answer;
    add_field(&request, STR("token"), refresh_token);
    add_field(&request, STR("token_type_hint"), STR("refresh_token"));
    TRY(post(scope, grant, grant->metadata->revocation_endpoint, &request, &answer));
    REQUIRE(scope, answer.status == 200, UNAUTHENTICATED, "oidc.not_revoked");
    return OK_RESULT;
}
