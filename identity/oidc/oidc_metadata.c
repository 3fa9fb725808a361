#include "identity/oidc/oidc_metadata.h"

#include "base/json.h"
#include "base/url.h"
#include "identity/oidc/jose.h"

struct str oidc_metadata_url(struct scope *scope, struct str issuer) {
    if (str_has_suffix(issuer, STR("/"))) {
        issuer = str_first(issuer, issuer.len - 1);
    }
    return str_format(scope->arena, "%.*s/.well-known/openid-configuration", STR_ARG(issuer));
}

static result endpoint(struct scope *scope, const struct json *json, struct str name,
                       bool is_needed, struct str *ret) {
    struct str text = STR("");
    struct url url;
    REQUIRE(scope, is_ok(json_optional_string(scope, json, name, &text)), UNAVAILABLE,
            "oidc.endpoint");
    REQUIRE(scope, text.len > 0 || !is_needed, UNAVAILABLE, "oidc.endpoint");
    REQUIRE(scope, text.len == 0 || is_ok(url_parse_web(scope, text, false, &url)), UNAVAILABLE,
            "oidc.endpoint");
    *ret = text;
    return OK_RESULT;
}

/* Names of algorithms to the bits that we know; a provider that says nothing may use any. */
static unsigned known_algorithms(struct scope *scope, const struct json *names) {
    if (names == NULL) {
        return (1U << JOSE_ALG_COUNT) - 1;
    }
    unsigned bits = 0;
    for (size_t i = 0; i < json_count(names); i++) {
        enum jose_alg alg;
        if (is_ok(jose_alg_parse(scope, json_as_string(json_at(names, i)), &alg))) {
            bits |= JOSE_BIT(alg);
        }
    }
    return bits;
}

result oidc_metadata_parse(struct scope *scope, struct str issuer, struct str text,
                           struct oidc_metadata *ret) {
    const struct json *json = NULL;
    REQUIRE(scope, is_ok(json_read(scope, text, &json)) && json_is_object(json), UNAVAILABLE,
            "oidc.metadata");
    struct oidc_metadata metadata = {.issuer = STR("")};
    REQUIRE(scope, is_ok(json_need_string(scope, json, STR("issuer"), &metadata.issuer)),
            UNAVAILABLE, "oidc.metadata");
    REQUIRE(scope, str_eq(metadata.issuer, issuer), UNAVAILABLE, "oidc.issuer_mismatch");
    TRY(endpoint(scope, json, STR("authorization_endpoint"), true,
                 &metadata.authorization_endpoint));
    TRY(endpoint(scope, json, STR("token_endpoint"), true, &metadata.token_endpoint));
    TRY(endpoint(scope, json, STR("jwks_uri"), true, &metadata.jwks_uri));
    TRY(endpoint(scope, json, STR("userinfo_endpoint"), false, &metadata.userinfo_endpoint));
    TRY(endpoint(scope, json, STR("end_session_endpoint"), false, &metadata.end_session_endpoint));
    TRY(endpoint(scope, json, STR("revocation_endpoint"), false, &metadata.revocation_endpoint));
    REQUIRE(scope,
            is_ok(json_optional_boolean(scope, json,
                                        STR("authorization_response_iss_parameter_supported"),
                                        &metadata.is_iss_announced)),
            UNAVAILABLE, "oidc.metadata");
    metadata.algs =
        known_algorithms(scope, json_get(json, STR("id_token_signing_alg_values_supported")));
    REQUIRE(scope, metadata.algs != 0, UNAVAILABLE, "oidc.algorithms");
    *ret = metadata;
    return OK_RESULT;
}
