#include "tests/support/signer.h"

#include <string.h>

#include "base/base64url.h"
#include "base/crypto.h"
#include "tests/support/fixture.h"

struct signer signer_make(struct scope *scope, enum jose_alg alg, const char *kid) {
    struct signer signer = {.alg = alg};
    assert_ok(jose_private_generate(scope, alg, &signer.pkcs8));
    assert_ok(jose_private_public(scope, signer.pkcs8, &signer.jwk.key));
    signer.jwk.kid = str_from_c(kid);
    signer.jwk.alg = alg;
    return signer;
}

struct signer signer_with_alg(const struct signer *signer, enum jose_alg alg) {
    struct signer other = *signer;
    other.alg = alg;
    other.jwk.alg = alg;
    return other;
}

static struct str signing_input(struct scope *scope, const char *header, struct str payload) {
    const struct str first = base64url_encode(scope->arena, header, strlen(header));
    const struct str second = base64url_encode(scope->arena, payload.at, payload.len);
    return str_format(scope->arena, "%.*s.%.*s", STR_ARG(first), STR_ARG(second));
}

struct str signer_sign(struct scope *scope, const struct signer *signer, const char *header,
                       struct str payload) {
    struct str token;
    assert_ok(jose_sign(scope, signer->pkcs8, signer->alg, signing_input(scope, header, payload),
                        &token));
    return token;
}

struct str signer_token(struct scope *scope, const struct signer *signer, struct str payload) {
    const struct str header =
        signer->jwk.kid.len == 0
            ? str_format(scope->arena, "{\"alg\":\"%s\"}", jose_alg_name(signer->alg))
            : str_format(scope->arena, "{\"alg\":\"%s\",\"kid\":\"%.*s\"}",
                         jose_alg_name(signer->alg), STR_ARG(signer->jwk.kid));
    const char *text = NULL;
    assert_ok(str_to_c(scope, header, &text));
    return signer_sign(scope, signer, text, payload);
}

struct str hmac_token(struct scope *scope, const char *header, struct str payload, struct str key) {
    const struct str input = signing_input(scope, header, payload);
    const struct str mac = hmac_sha256(scope->arena, (struct secret){key}, input);
    const struct str encoded = base64url_encode(scope->arena, mac.at, mac.len);
    return str_format(scope->arena, "%.*s.%.*s", STR_ARG(input), STR_ARG(encoded));
}

struct str unsigned_token(struct scope *scope, const char *header, struct str payload) {
    return str_format(scope->arena, "%.*s.", STR_ARG(signing_input(scope, header, payload)));
}

struct str signer_jwks(struct scope *scope, const struct signer *signers, size_t count) {
    struct jwk keys[JWKS_MAX_KEYS];
    assert_true(count <= JWKS_MAX_KEYS);
    for (size_t i = 0; i < count; i++) {
        keys[i] = signers[i].jwk;
    }
    return jwks_write(scope, keys, count);
}

struct str flipped(struct scope *scope, struct str text, size_t at) {
    assert_true(at < text.len);
    char *copy = arena_alloc(scope->arena, text.len);
    memcpy(copy, text.at, text.len);
    copy[at] = copy[at] == 'A' ? 'B' : 'A'; /* base64url stays base64url */
    return (struct str){copy, text.len};
}
