#include "identity/oidc/jwk.h"

#include "base/arena.h"
#include "base/base64url.h"
#include "base/crypto.h"
#include "base/json.h"

static const struct {
    enum jwk_curve curve;
    enum jwk_kind kind;
    const char *name;
    size_t coordinate_bytes;
} CURVES[] = {
    {CURVE_P256, JWK_EC, "P-256", 32},
    {CURVE_P384, JWK_EC, "P-384", 48},
    {CURVE_P521, JWK_EC, "P-521", 66},
    {CURVE_ED25519, JWK_OKP, "Ed25519", 32},
};
enum { CURVE_ROWS = sizeof CURVES / sizeof CURVES[0] };

static size_t curve_row(enum jwk_curve curve) {
    size_t row = 0;
    while (row + 1 < CURVE_ROWS && CURVES[row].curve != curve) {
        row++;
    }
    return row;
}

static struct str without_leading_zeros(struct str number) {
    while (number.len > 0 && number.at[0] == 0) {
        number = str_from(number, 1);
    }
    return number;
}

static result bytes_member(struct scope *scope, const struct json *json, struct str name,
                           struct str *ret) {
    struct str text = STR("");
    TRY(json_need_string(scope, json, name, &text));
    return base64url_decode(scope, text, ret);
}

static result read_rsa(struct scope *scope, const struct json *json, struct jwk_public *ret) {
    struct str n;
    struct str e;
    TRY(bytes_member(scope, json, STR("n"), &n));
    TRY(bytes_member(scope, json, STR("e"), &e));
    /* RFC 7518 section 6.3.1.1 forbids leading zeros; older signers in Java write one. */
    *ret = (struct jwk_public){
        .kind = JWK_RSA, .n = without_leading_zeros(n), .e = without_leading_zeros(e)};
    return OK_RESULT;
}

static result read_curve(struct scope *scope, const struct json *json, enum jwk_kind kind,
                         struct jwk_public *ret) {
    struct str name = STR("");
    TRY(json_need_string(scope, json, STR("crv"), &name));
    size_t row = 0;
    while (row < CURVE_ROWS &&
           !(CURVES[row].kind == kind && str_eq(name, str_from_c(CURVES[row].name)))) {
        row++;
    }
    REQUIRE(scope, row < CURVE_ROWS, INVALID, "jwks.curve");
    struct jwk_public key = {.kind = kind, .curve = CURVES[row].curve};
    TRY(bytes_member(scope, json, STR("x"), &key.x));
    REQUIRE(scope, key.x.len == CURVES[row].coordinate_bytes, INVALID, "jwks.coordinate");
    if (kind == JWK_EC) {
        TRY(bytes_member(scope, json, STR("y"), &key.y));
        REQUIRE(scope, key.y.len == CURVES[row].coordinate_bytes, INVALID, "jwks.coordinate");
    }
    *ret = key;
    return OK_RESULT;
}

static result read_numbers(struct scope *scope, const struct json *json, struct jwk_public *ret) {
    struct str kty = STR("");
    TRY(json_need_string(scope, json, STR("kty"), &kty));
    if (str_eq(kty, STR("RSA"))) {
        return read_rsa(scope, json, ret);
    }
    if (str_eq(kty, STR("EC"))) {
        return read_curve(scope, json, JWK_EC, ret);
    }
    REQUIRE(scope, str_eq(kty, STR("OKP")), INVALID, "jwks.kty");
    return read_curve(scope, json, JWK_OKP, ret);
}

/* RFC 7517 section 4.3: absent, or "verify" among them. */
static bool may_verify(const struct json *json) {
    const struct json *ops = json_get(json, STR("key_ops"));
    if (ops == NULL) {
        return true;
    }
    for (size_t i = 0; i < json_count(ops); i++) {
        if (str_eq(json_as_string(json_at(ops, i)), STR("verify"))) {
            return true;
        }
    }
    return false;
}

static result read_key(struct scope *scope, const struct json *json, struct jwk *ret) {
    REQUIRE(scope, json_is_object(json), INVALID, "jwks.key");
    struct str use = STR("sig");
    struct str alg = STR("");
    struct jwk key = {.kid = STR("")};
    TRY(json_optional_string(scope, json, STR("use"), &use));
    TRY(json_optional_string(scope, json, STR("alg"), &alg));
    TRY(json_optional_string(scope, json, STR("kid"), &key.kid));
    REQUIRE(scope, str_eq(use, STR("sig")) && may_verify(json), INVALID, "jwks.use");
    REQUIRE(scope, key.kid.len <= JWK_MAX_KID, INVALID, "jwks.kid");
    /* Whoever publishes a private key has lost it. */
    REQUIRE(scope, json_get(json, STR("d")) == NULL, INVALID, "jwks.private");
    TRY(read_numbers(scope, json, &key.key));
    if (alg.len > 0) {
        TRY(jose_alg_parse(scope, alg, &key.alg));
        REQUIRE(scope, jose_alg_fits(key.alg, &key.key), INVALID, "jwks.alg");
        key.has_alg = true;
    }
    *ret = key;
    return OK_RESULT;
}

result jwks_parse(struct scope *scope, struct str text, struct jwk_set *ret) {
    REQUIRE(scope, text.len <= JWKS_MAX_BYTES, TOO_LARGE, "jwks.size");
    const struct json *json = NULL;
    const result read = json_read(scope, text, &json);
    REQUIRE(scope, is_ok(read) && json_is_object(json), INVALID, "jwks.malformed");
    const struct json *keys = json_get(json, STR("keys"));
    REQUIRE(scope, keys != NULL && json_is_array(keys), INVALID, "jwks.malformed");
    REQUIRE(scope, json_count(keys) <= JWKS_MAX_KEYS, TOO_LARGE, "jwks.keys");
    ret->count = 0;
    for (size_t i = 0; i < json_count(keys); i++) {
        struct jwk key;
        if (is_ok(read_key(scope, json_at(keys, i), &key))) {
            ret->keys[ret->count++] = key;
        }
    }
    return OK_RESULT;
}

result jws_header_alg(struct scope *scope, struct str header, enum jose_alg *ret) {
    const struct json *json = NULL;
    TRY(json_read(scope, header, &json));
    REQUIRE(scope, json_is_object(json), INVALID, "jwt.header");
    return jose_alg_parse(scope, json_as_string(json_get(json, STR("alg"))), ret);
}

static struct str encoded(struct scope *scope, struct str bytes) {
    return base64url_encode(scope->arena, bytes.at, bytes.len);
}

struct str jwk_canonical(struct scope *scope, const struct jwk_public *key) {
    struct arena *arena = scope->arena;
    const char *curve = CURVES[curve_row(key->curve)].name;
    switch (key->kind) {
    case JWK_RSA:
        return str_format(arena, "{\"e\":\"%.*s\",\"kty\":\"RSA\",\"n\":\"%.*s\"}",
                          STR_ARG(encoded(scope, key->e)), STR_ARG(encoded(scope, key->n)));
    case JWK_EC:
        return str_format(arena, "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                          curve, STR_ARG(encoded(scope, key->x)), STR_ARG(encoded(scope, key->y)));
    case JWK_OKP: break;
    }
    return str_format(arena, "{\"crv\":\"%s\",\"kty\":\"OKP\",\"x\":\"%.*s\"}", curve,
                      STR_ARG(encoded(scope, key->x)));
}

struct str jwk_thumbprint(struct scope *scope, const struct jwk_public *key) {
    return sha256_text(scope->arena, jwk_canonical(scope, key));
}

static void write_key(struct scope *scope, struct json_out *out, const struct jwk *key) {
    json_out_open_object(out);
    switch (key->key.kind) {
    case JWK_RSA:
        json_out_member(out, "kty", STR("RSA"));
        json_out_member(out, "n", encoded(scope, key->key.n));
        json_out_member(out, "e", encoded(scope, key->key.e));
        break;
    case JWK_EC:
        json_out_member(out, "kty", STR("EC"));
        json_out_member(out, "crv", str_from_c(CURVES[curve_row(key->key.curve)].name));
        json_out_member(out, "x", encoded(scope, key->key.x));
        json_out_member(out, "y", encoded(scope, key->key.y));
        break;
    case JWK_OKP:
        json_out_member(out, "kty", STR("OKP"));
        json_out_member(out, "crv", str_from_c(CURVES[curve_row(key->key.curve)].name));
        json_out_member(out, "x", encoded(scope, key->key.x));
        break;
    }
    json_out_member(out, "kid", key->kid);
    json_out_member(out, "use", STR("sig"));
    json_out_member(out, "alg", str_from_c(jose_alg_name(key->alg)));
    json_out_close_object(out);
}

struct str jwks_write(struct scope *scope, const struct jwk *keys, size_t count) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "keys");
    json_out_open_array(&out);
    for (size_t i = 0; i < count; i++) {
        write_key(scope, &out, &keys[i]);
    }
    json_out_close_array(&out);
    json_out_close_object(&out);
    return json_out_end(&out);
}
