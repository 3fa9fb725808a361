#include "identity/oidc/client_key.h"

#include "base/base64url.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/random.h"

enum { ASSERTION_LIFE_S = 60, ASSERTION_ID_BYTES = 16 };

/* One key per line: "ES256 base64url(PKCS#8)". */
result client_keys_read(struct scope *scope, struct secret text, struct client_keys *ret) {
    struct client_keys keys = {.count = 0};
    struct str rest = text.bytes;
    while (rest.len > 0) {
        struct str line;
        struct str name;
        rest = str_split(rest, '\n', &line);
        const struct str encoded = str_split(line, ' ', &name);
        REQUIRE(scope, keys.count < CLIENT_KEYS_MAX, INTERNAL, "oidc.client_key");
        struct jwk *jwk = &keys.keys[keys.count].jwk;
        struct secret *pkcs8 = &keys.keys[keys.count].pkcs8;
        REQUIRE(scope,
                is_ok(jose_alg_parse(scope, name, &jwk->alg)) &&
                    is_ok(base64url_decode(scope, encoded, &pkcs8->bytes)) &&
                    is_ok(jose_private_public(scope, *pkcs8, &jwk->key)),
                INTERNAL, "oidc.client_key");
        jwk->has_alg = true;
        jwk->kid = jwk_thumbprint(scope, &jwk->key);
        keys.count++;
    }
    *ret = keys;
    return OK_RESULT;
}

result client_keys_rotate(struct scope *scope, enum jose_alg alg, struct secret old,
                          struct secret *ret) {
    struct secret pkcs8;
    TRY(jose_private_generate(scope, alg, &pkcs8));
    const struct str encoded = base64url_encode(scope->arena, pkcs8.bytes.at, pkcs8.bytes.len);
    struct str newest;
    (void) str_split(old.bytes, '\n', &newest);
    ret->bytes = str_format(scope->arena, "%s %.*s%s%.*s", jose_alg_name(alg), STR_ARG(encoded),
                            newest.len > 0 ? "\n" : "", STR_ARG(newest));
    return OK_RESULT;
}

static struct str claims_text(struct scope *scope, const struct oidc_settings *settings) {
    const int64_t now_s = clock_now_us(scope->env->clock) / US_PER_S;
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "iss", settings->client_id);
    json_out_member(&out, "sub", settings->client_id);
    json_out_member(&out, "aud", settings->issuer); /* one string: CVE-2025-27370 */
    json_out_member(&out, "jti", random_token(scope, ASSERTION_ID_BYTES));
    json_out_member_number(&out, "iat", now_s);
    json_out_member_number(&out, "exp", now_s + ASSERTION_LIFE_S);
    json_out_close_object(&out);
    return json_out_end(&out);
}

result client_assertion(struct scope *scope, const struct client_keys *keys,
                        const struct oidc_settings *settings, struct str *ret) {
    REQUIRE(scope, keys->count > 0, INTERNAL, "oidc.client_key");
    const struct jwk *jwk = &keys->keys[0].jwk;
    const struct str header =
        str_format(scope->arena, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%.*s\"}",
                   jose_alg_name(jwk->alg), STR_ARG(jwk->kid));
    const struct str claims = claims_text(scope, settings);
    const struct str first = base64url_encode(scope->arena, header.at, header.len);
    const struct str second = base64url_encode(scope->arena, claims.at, claims.len);
    return jose_sign(scope, keys->keys[0].pkcs8, jwk->alg,
                     str_format(scope->arena, "%.*s.%.*s", STR_ARG(first), STR_ARG(second)), ret);
}
