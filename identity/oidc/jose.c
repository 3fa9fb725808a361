/* Signatures. liboauth2 1.4.5.4 verifies RSA and ECDSA, asked as narrowly as it can be: one JWK
 * rebuilt from checked numbers, no network, no result cache, no opinion on claims. OpenSSL verifies
 * EdDSA, and everything in a build with GH_JOSE=openssl. Both answer through the same checks of
 * header and signature length, so that both builds give the same verdicts.
 *
 * Traps of the library that shape this file: it caches results under keys that do not name the
 * verifier (hence the cache "gh-none", whose values are too small to hold one and never fresh); on
 * each success it formats an error text with the whole token (hence the sink that drops
 * everything); its passphrase, locks and lists are made lazily and unguarded (hence the order in
 * jose_start). */

#include "identity/oidc/jose.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#ifndef GH_JOSE_OPENSSL
#include <jansson.h>
#include <oauth2/cache.h>
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>
#endif

#include "base/arena.h"
#include "base/base64url.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/oidc/jwk.h"

enum {
    RSA_MIN_BITS = 2048,
    RSA_MAX_BITS = 8192,
    RSA_MAX_EXPONENT_BYTES = 8,
    RSA_OWN_BITS = 3072,
    ED25519_BYTES = 32,
    ED25519_SIGNATURE_BYTES = 64,
    MAX_COORDINATE_BYTES = 66,
    MAX_JWS_BYTES = 16 * 1024
};

static const struct {
    enum jose_alg alg;
    const char *name, *alias;
    enum jwk_kind kind;
    enum jwk_curve curve;
    enum jose_hash hash;
    size_t coordinate_bytes; /* EC: a signature is two of these */
    bool is_pss;
} ALGORITHMS[] = {
    {JOSE_RS256, "RS256", NULL, JWK_RSA, CURVE_NONE, JOSE_SHA256, 0, false},
    {JOSE_RS384, "RS384", NULL, JWK_RSA, CURVE_NONE, JOSE_SHA384, 0, false},
    {JOSE_RS512, "RS512", NULL, JWK_RSA, CURVE_NONE, JOSE_SHA512, 0, false},
    {JOSE_PS256, "PS256", NULL, JWK_RSA, CURVE_NONE, JOSE_SHA256, 0, true},
    {JOSE_PS384, "PS384", NULL, JWK_RSA, CURVE_NONE, JOSE_SHA384, 0, true},
    {JOSE_PS512, "PS512", NULL, JWK_RSA, CURVE_NONE, JOSE_SHA512, 0, true},
    {JOSE_ES256, "ES256", NULL, JWK_EC, CURVE_P256, JOSE_SHA256, 32, false},
    {JOSE_ES384, "ES384", NULL, JWK_EC, CURVE_P384, JOSE_SHA384, 48, false},
    {JOSE_ES512, "ES512", NULL, JWK_EC, CURVE_P521, JOSE_SHA512, 66, false},
    {JOSE_EDDSA, "EdDSA", "Ed25519", JWK_OKP, CURVE_ED25519, JOSE_SHA512, 0, false},
};
static_assert(sizeof ALGORITHMS / sizeof ALGORITHMS[0] == JOSE_ALG_COUNT, "one row per algorithm");

struct jose { /* immutable after jose_start */
#ifdef GH_JOSE_OPENSSL
    int unused;
#else
    oauth2_log_t *log;
#endif
};

struct jose_key { /* immutable; shared by threads */
    const struct jose *jose;
    enum jwk_kind kind;
    enum jwk_curve curve;
    size_t signature_bytes; /* RSA only: of the modulus */
    EVP_PKEY *pkey;
#ifndef GH_JOSE_OPENSSL
    oauth2_cfg_token_verify_t *verify; /* NULL for OKP */
#endif
};

result jose_alg_parse(struct scope *scope, struct str name, enum jose_alg *ret) {
    for (size_t i = 0; i < JOSE_ALG_COUNT; i++) {
        if (str_eq(name, str_from_c(ALGORITHMS[i].name)) ||
            (ALGORITHMS[i].alias != NULL && str_eq(name, str_from_c(ALGORITHMS[i].alias)))) {
            *ret = ALGORITHMS[i].alg;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "jose.alg");
}

const char *jose_alg_name(enum jose_alg alg) {
    return ALGORITHMS[alg].name;
}

enum jose_hash jose_alg_hash(enum jose_alg alg) {
    return ALGORITHMS[alg].hash;
}

bool jose_alg_fits(enum jose_alg alg, const struct jwk_public *key) {
    return ALGORITHMS[alg].kind == key->kind && ALGORITHMS[alg].curve == key->curve;
}

static void free_pkey(EVP_PKEY **pkey) {
    EVP_PKEY_free(*pkey);
}

static void free_pkey_context(EVP_PKEY_CTX **context) {
    EVP_PKEY_CTX_free(*context);
}

static void free_md_context(EVP_MD_CTX **context) {
    EVP_MD_CTX_free(*context);
}

static void free_params(OSSL_PARAM **params) {
    OSSL_PARAM_free(*params);
}

static void free_builder(OSSL_PARAM_BLD **builder) {
    OSSL_PARAM_BLD_free(*builder);
}

static void free_number(BIGNUM **number) {
    BN_free(*number);
}

static void free_ecdsa(ECDSA_SIG **signature) {
    ECDSA_SIG_free(*signature);
}

static const unsigned char *as_bytes(struct str text) {
    return (const unsigned char *) text.at;
}

static const char *curve_group(enum jwk_curve curve) {
    switch (curve) {
    case CURVE_P256: return "P-256";
    case CURVE_P384: return "P-384";
    case CURVE_P521: return "P-521";
    case CURVE_ED25519:
    case CURVE_NONE: break;
    }
    return "";
}

static result import_params(struct scope *scope, const char *type, OSSL_PARAM *params,
                            EVP_PKEY **ret) {
    AUTO(free_pkey_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    AUTO(free_pkey) EVP_PKEY *pkey = NULL;
    REQUIRE(scope, context != NULL && EVP_PKEY_fromdata_init(context) == 1, INTERNAL,
            "jose.library");
    REQUIRE(scope, EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1, INVALID,
            "jose.key");
    *ret = pkey;
    pkey = NULL;
    return OK_RESULT;
}

/* An exponent of 1 would let everybody sign; an even one, or an even modulus, is no RSA. */
static bool is_rsa_sound(const struct jwk_public *jwk) {
    if (jwk->n.len == 0 || jwk->e.len == 0 || jwk->e.len > RSA_MAX_EXPONENT_BYTES) {
        return false;
    }
    size_t bits = jwk->n.len * 8;
    for (unsigned char top = as_bytes(jwk->n)[0]; (top & 0x80) == 0 && bits > 0;
         top = (unsigned char) (top << 1)) {
        bits--;
    }
    const unsigned char last = as_bytes(jwk->e)[jwk->e.len - 1];
    const bool is_one = jwk->e.len == 1 && last == 1;
    return bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS && (last & 1) == 1 && !is_one &&
           (as_bytes(jwk->n)[jwk->n.len - 1] & 1) == 1;
}

static result import_rsa(struct scope *scope, const struct jwk_public *jwk, EVP_PKEY **ret) {
    REQUIRE(scope, is_rsa_sound(jwk), INVALID, "jose.key");
    AUTO(free_number) BIGNUM *n = BN_bin2bn(as_bytes(jwk->n), (int) jwk->n.len, NULL);
    AUTO(free_number) BIGNUM *e = BN_bin2bn(as_bytes(jwk->e), (int) jwk->e.len, NULL);
    AUTO(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    REQUIRE(scope,
            n != NULL && e != NULL && builder != NULL &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1,
            INTERNAL, "jose.library");
    AUTO(free_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    REQUIRE(scope, params != NULL, INTERNAL, "jose.library");
    return import_params(scope, "RSA", params, ret);
}

static result import_ec(struct scope *scope, const struct jwk_public *jwk, EVP_PKEY **ret) {
    unsigned char point[1 + 2 * MAX_COORDINATE_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    const size_t size = jwk->x.len;
    REQUIRE(scope, size > 0 && size <= MAX_COORDINATE_BYTES && jwk->y.len == size, INVALID,
            "jose.key");
    memcpy(point + 1, jwk->x.at, size);
    memcpy(point + 1 + size, jwk->y.at, size);
    AUTO(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    REQUIRE(scope,
            builder != NULL &&
                OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                                curve_group(jwk->curve), 0) == 1 &&
                OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                 1 + 2 * size) == 1,
            INTERNAL, "jose.library");
    AUTO(free_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    REQUIRE(scope, params != NULL, INTERNAL, "jose.library");
    AUTO(free_pkey) EVP_PKEY *pkey = NULL;
    TRY(import_params(scope, "EC", params, &pkey));
    AUTO(free_pkey_context) EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(pkey, NULL);
    REQUIRE(scope, check != NULL && EVP_PKEY_public_check(check) == 1, INVALID, "jose.key");
    *ret = pkey;
    pkey = NULL;
    return OK_RESULT;
}

static result import_okp(struct scope *scope, const struct jwk_public *jwk, EVP_PKEY **ret) {
    REQUIRE(scope, jwk->x.len == ED25519_BYTES, INVALID, "jose.key");
    *ret = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, as_bytes(jwk->x), jwk->x.len);
    REQUIRE(scope, *ret != NULL, INVALID, "jose.key");
    return OK_RESULT;
}

static result import_key(struct scope *scope, const struct jwk_public *jwk, EVP_PKEY **ret) {
    switch (jwk->kind) {
    case JWK_RSA: return import_rsa(scope, jwk, ret);
    case JWK_EC: return import_ec(scope, jwk, ret);
    case JWK_OKP: break;
    }
    return import_okp(scope, jwk, ret);
}

#ifndef GH_JOSE_OPENSSL
static const char VERIFY_OPTIONS[] = "type=bearer&verify.cache=gh-none&expiry=0&verify.exp=skip"
                                     "&verify.iat=skip&verify.iss=skip";

/* Only kty, n, e or kty, crv, x, y: no kid, alg, use, certificate or private member. */
static result open_verifier(struct scope *scope, const struct jwk_public *jwk,
                            struct jose_key *key) {
    const char *text = NULL;
    TRY(str_to_c(scope, jwk_canonical(scope, jwk), &text));
    oauth2_cfg_token_verify_t *verify = NULL; /* NULL: the function would append to a list */
    char *error =
        oauth2_cfg_token_verify_add_options(key->jose->log, &verify, "jwk", text, VERIFY_OPTIONS);
    if (error != NULL) {
        oauth2_mem_free(error);
        oauth2_cfg_token_verify_free(key->jose->log, verify);
        return FAIL(scope, INVALID, "jose.key");
    }
    REQUIRE(scope, verify != NULL, INVALID, "jose.key");
    key->verify = verify;
    return OK_RESULT;
}
#endif

void jose_key_close(struct jose_key **key) {
    if (*key == NULL) {
        return;
    }
    EVP_PKEY_free((*key)->pkey);
#ifndef GH_JOSE_OPENSSL
    if ((*key)->verify != NULL) {
        oauth2_cfg_token_verify_free((*key)->jose->log, (*key)->verify);
    }
#endif
    free(*key);
    *key = NULL;
}

result jose_key_open(struct scope *scope, struct jose *jose, const struct jwk_public *jwk,
                     struct jose_key **ret) {
    AUTO(free_pkey) EVP_PKEY *pkey = NULL;
    TRY(import_key(scope, jwk, &pkey));
    AUTO(jose_key_close) struct jose_key *key = calloc(1, sizeof *key);
    assert(key != NULL);
    key->jose = jose;
    key->kind = jwk->kind;
    key->curve = jwk->curve;
    key->signature_bytes = jwk->n.len;
    key->pkey = pkey;
    pkey = NULL;
#ifndef GH_JOSE_OPENSSL
    if (jwk->kind != JWK_OKP) { /* cjose below the library knows no such key */
        TRY(open_verifier(scope, jwk, key));
    }
#endif
    *ret = key;
    key = NULL;
    return OK_RESULT;
}

static const EVP_MD *digest_of(enum jose_alg alg) {
    if (alg == JOSE_EDDSA) {
        return NULL; /* Ed25519 hashes by itself */
    }
    switch (ALGORITHMS[alg].hash) {
    case JOSE_SHA256: return EVP_sha256();
    case JOSE_SHA384: return EVP_sha384();
    case JOSE_SHA512: break;
    }
    return EVP_sha512();
}

/* RFC 7518 section 3.5: the salt is as long as the hash, MGF1 uses the same hash. */
static bool set_padding(enum jose_alg alg, EVP_PKEY_CTX *context) {
    return !ALGORITHMS[alg].is_pss ||
           (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* RFC 7518 section 3.4: R | S, each of the coordinate's length; OpenSSL wants DER. */
static result ecdsa_to_der(struct scope *scope, struct str raw, struct str *ret) {
    const int size = (int) raw.len / 2;
    AUTO(free_ecdsa) ECDSA_SIG *signature = ECDSA_SIG_new();
    AUTO(free_number) BIGNUM *r = BN_bin2bn(as_bytes(raw), size, NULL);
    AUTO(free_number) BIGNUM *s = BN_bin2bn(as_bytes(raw) + size, size, NULL);
    REQUIRE(scope,
            signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1,
            INTERNAL, "jose.library");
    r = NULL; /* the signature owns both now */
    s = NULL;
    unsigned char *der = arena_alloc(scope->arena, raw.len + 16);
    unsigned char *end = der;
    const int len = i2d_ECDSA_SIG(signature, &end);
    REQUIRE(scope, len > 0 && (size_t) len <= raw.len + 16, INTERNAL, "jose.library");
    *ret = (struct str){(const char *) der, (size_t) len};
    return OK_RESULT;
}

struct jws {
    struct str signing_input, header, signature; /* the last two decoded */
};

static result verify_openssl(struct scope *scope, const struct jose_key *key, enum jose_alg alg,
                             const struct jws *jws) {
    struct str signature = jws->signature;
    if (key->kind == JWK_EC) {
        TRY(ecdsa_to_der(scope, jws->signature, &signature));
    }
    AUTO(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_context = NULL; /* owned by context */
    REQUIRE(scope,
            context != NULL &&
                EVP_DigestVerifyInit(context, &pkey_context, digest_of(alg), NULL, key->pkey) ==
                    1 &&
                set_padding(alg, pkey_context),
            INTERNAL, "jose.library");
    REQUIRE(scope,
            EVP_DigestVerify(context, as_bytes(signature), signature.len,
                             as_bytes(jws->signing_input), jws->signing_input.len) == 1,
            UNAUTHENTICATED, "jwt.signature");
    return OK_RESULT;
}

#ifndef GH_JOSE_OPENSSL
static result verify_library(struct scope *scope, const struct jose_key *key,
                             struct str compact_jws) {
    const char *token = NULL;
    REQUIRE(scope, is_ok(str_to_c(scope, compact_jws, &token)), UNAUTHENTICATED, "jwt.signature");
    json_t *claims = NULL;
    const bool is_good = oauth2_token_verify(key->jose->log, NULL, key->verify, token, &claims);
    json_decref(claims); /* the verdict is all we take; claims are parsed from the bytes */
    REQUIRE(scope, is_good, UNAUTHENTICATED, "jwt.signature");
    return OK_RESULT;
}
#endif

static size_t signature_size(const struct jose_key *key, enum jose_alg alg) {
    switch (key->kind) {
    case JWK_RSA: return key->signature_bytes;
    case JWK_EC: return 2 * ALGORITHMS[alg].coordinate_bytes;
    case JWK_OKP: break;
    }
    return ED25519_SIGNATURE_BYTES;
}

static result split_jws(struct scope *scope, struct str text, struct jws *ret) {
    REQUIRE(scope, text.len <= MAX_JWS_BYTES, UNAUTHENTICATED, "jwt.signature");
    struct str header;
    struct str payload;
    const struct str rest = str_split(text, '.', &header);
    const struct str signature = str_split(rest, '.', &payload);
    REQUIRE(scope,
            header.len > 0 && signature.len > 0 && str_find_byte(signature, '.') < 0 &&
                is_ok(base64url_decode(scope, header, &ret->header)) &&
                is_ok(base64url_decode(scope, signature, &ret->signature)),
            UNAUTHENTICATED, "jwt.signature");
    ret->signing_input = str_first(text, header.len + 1 + payload.len);
    return OK_RESULT;
}

/* The library goes by the header's algorithm: a PS256 token made with the key of RS256 would pass
 * where only RS256 was asked for. */
static bool header_agrees(struct scope *scope, struct str header, enum jose_alg alg) {
    enum jose_alg said = JOSE_RS256;
    return is_ok(jws_header_alg(scope, header, &said)) && said == alg;
}

result jose_verify(struct scope *scope, const struct jose_key *key, enum jose_alg alg,
                   struct str compact_jws) {
    struct jws jws;
    TRY(split_jws(scope, compact_jws, &jws));
    REQUIRE(scope, ALGORITHMS[alg].kind == key->kind && ALGORITHMS[alg].curve == key->curve,
            UNAUTHENTICATED, "jwt.signature");
    REQUIRE(scope, jws.signature.len == signature_size(key, alg), UNAUTHENTICATED, "jwt.signature");
    REQUIRE(scope, header_agrees(scope, jws.header, alg), UNAUTHENTICATED, "jwt.signature");
#ifndef GH_JOSE_OPENSSL
    if (key->kind != JWK_OKP) {
        return verify_library(scope, key, compact_jws);
    }
#endif
    return verify_openssl(scope, key, alg, &jws);
}

static EVP_PKEY *generate(enum jose_alg alg) {
    switch (ALGORITHMS[alg].kind) {
    case JWK_RSA: return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) RSA_OWN_BITS);
    case JWK_EC: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve_group(ALGORITHMS[alg].curve));
    case JWK_OKP: break;
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void free_pkcs8(PKCS8_PRIV_KEY_INFO **info) {
    PKCS8_PRIV_KEY_INFO_free(*info);
}

result jose_private_generate(struct scope *scope, enum jose_alg alg, struct secret *ret) {
    AUTO(free_pkey) EVP_PKEY *pkey = generate(alg);
    REQUIRE(scope, pkey != NULL, INTERNAL, "jose.library");
    AUTO(free_pkcs8) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    const int len = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    REQUIRE(scope, len > 0, INTERNAL, "jose.library");
    unsigned char *der = arena_alloc(scope->arena, (size_t) len);
    unsigned char *end = der;
    REQUIRE(scope, i2d_PKCS8_PRIV_KEY_INFO(info, &end) == len, INTERNAL, "jose.library");
    ret->bytes = (struct str){(const char *) der, (size_t) len};
    return OK_RESULT;
}

static result import_private(struct scope *scope, struct secret pkcs8, EVP_PKEY **ret) {
    const unsigned char *at = as_bytes(pkcs8.bytes);
    AUTO(free_pkcs8)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long) pkcs8.bytes.len);
    REQUIRE(scope, info != NULL && at == as_bytes(pkcs8.bytes) + pkcs8.bytes.len, INVALID,
            "jose.private");
    *ret = EVP_PKCS82PKEY(info);
    REQUIRE(scope, *ret != NULL, INVALID, "jose.private");
    return OK_RESULT;
}

static result number_bytes(struct scope *scope, const EVP_PKEY *pkey, const char *name, size_t size,
                           struct str *ret) {
    AUTO(free_number) BIGNUM *number = NULL;
    REQUIRE(scope, EVP_PKEY_get_bn_param(pkey, name, &number) == 1, INVALID, "jose.private");
    const size_t len = size == 0 ? (size_t) BN_num_bytes(number) : size;
    unsigned char *bytes = arena_alloc(scope->arena, len);
    REQUIRE(scope, BN_bn2binpad(number, bytes, (int) len) == (int) len, INVALID, "jose.private");
    *ret = (struct str){(const char *) bytes, len};
    return OK_RESULT;
}

static result curve_of(struct scope *scope, const EVP_PKEY *pkey, enum jwk_curve *ret) {
    char group[32] = "";
    size_t len = 0;
    REQUIRE(scope, EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) == 1, INVALID,
            "jose.private");
    static const struct {
        const char *name;
        enum jwk_curve curve;
    } GROUPS[] = {
        {"prime256v1", CURVE_P256}, {"P-256", CURVE_P256},     {"secp384r1", CURVE_P384},
        {"P-384", CURVE_P384},      {"secp521r1", CURVE_P521}, {"P-521", CURVE_P521},
    };
    for (size_t i = 0; i < sizeof GROUPS / sizeof GROUPS[0]; i++) {
        if (str_eq(str_from_c(group), str_from_c(GROUPS[i].name))) {
            *ret = GROUPS[i].curve;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "jose.private");
}

static size_t curve_coordinate(enum jwk_curve curve) {
    switch (curve) {
    case CURVE_P256: return 32;
    case CURVE_P384: return 48;
    case CURVE_P521: return 66;
    case CURVE_ED25519:
    case CURVE_NONE: break;
    }
    return ED25519_BYTES;
}

result jose_private_public(struct scope *scope, struct secret pkcs8, struct jwk_public *ret) {
    AUTO(free_pkey) EVP_PKEY *pkey = NULL;
    TRY(import_private(scope, pkcs8, &pkey));
    struct jwk_public key = {.kind = JWK_RSA};
    if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
        TRY(number_bytes(scope, pkey, OSSL_PKEY_PARAM_RSA_N, 0, &key.n));
        TRY(number_bytes(scope, pkey, OSSL_PKEY_PARAM_RSA_E, 0, &key.e));
    } else if (EVP_PKEY_is_a(pkey, "EC") == 1) {
        key.kind = JWK_EC;
        TRY(curve_of(scope, pkey, &key.curve));
        const size_t size = curve_coordinate(key.curve);
        TRY(number_bytes(scope, pkey, OSSL_PKEY_PARAM_EC_PUB_X, size, &key.x));
        TRY(number_bytes(scope, pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size, &key.y));
    } else {
        key.kind = JWK_OKP;
        key.curve = CURVE_ED25519;
        unsigned char *bytes = arena_alloc(scope->arena, ED25519_BYTES);
        size_t len = ED25519_BYTES;
        REQUIRE(scope,
                EVP_PKEY_is_a(pkey, "ED25519") == 1 &&
                    EVP_PKEY_get_raw_public_key(pkey, bytes, &len) == 1,
                INVALID, "jose.private");
        key.x = (struct str){(const char *) bytes, len};
    }
    *ret = key;
    return OK_RESULT;
}

static result ecdsa_from_der(struct scope *scope, struct str der, size_t coordinate,
                             struct str *ret) {
    const unsigned char *at = as_bytes(der);
    AUTO(free_ecdsa) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long) der.len);
    REQUIRE(scope, signature != NULL, INTERNAL, "jose.library");
    unsigned char *raw = arena_alloc(scope->arena, 2 * coordinate);
    const int size = (int) coordinate;
    REQUIRE(scope,
            BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, size) == size &&
                BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + coordinate, size) == size,
            INTERNAL, "jose.library");
    *ret = (struct str){(const char *) raw, 2 * coordinate};
    return OK_RESULT;
}

result jose_sign(struct scope *scope, struct secret pkcs8, enum jose_alg alg,
                 struct str signing_input, struct str *ret) {
    AUTO(free_pkey) EVP_PKEY *pkey = NULL;
    TRY(import_private(scope, pkcs8, &pkey));
    AUTO(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_context = NULL;
    size_t len = (size_t) EVP_PKEY_get_size(pkey);
    unsigned char *bytes = arena_alloc(scope->arena, len);
    REQUIRE(scope,
            context != NULL &&
                EVP_DigestSignInit(context, &pkey_context, digest_of(alg), NULL, pkey) == 1 &&
                set_padding(alg, pkey_context) &&
                EVP_DigestSign(context, bytes, &len, as_bytes(signing_input), signing_input.len) ==
                    1,
            INVALID, "jose.private");
    struct str signature = {(const char *) bytes, len};
    if (ALGORITHMS[alg].kind == JWK_EC) {
        TRY(ecdsa_from_der(scope, signature, ALGORITHMS[alg].coordinate_bytes, &signature));
    }
    const struct str encoded = base64url_encode(scope->arena, signature.at, signature.len);
    *ret = str_format(scope->arena, "%.*s.%.*s", STR_ARG(signing_input), STR_ARG(encoded));
    return OK_RESULT;
}

#ifndef GH_JOSE_OPENSSL
/* The library formats whole tokens into its messages: nothing of them leaves this function. */
static void drop_message(oauth2_log_sink_t *sink, const char *file, unsigned long line,
                         const char *function, oauth2_log_level_t level, const char *message) {
    (void) sink;
    (void) file;
    (void) line;
    (void) function;
    (void) level;
    (void) message;
}

static result start_library(struct scope *scope, struct jose *jose) {
    oauth2_log_sink_t *sink = oauth2_log_sink_create(OAUTH2_LOG_ERROR, drop_message, NULL);
    REQUIRE(scope, sink != NULL, INTERNAL, "jose.start");
    jose->log = oauth2_init(OAUTH2_LOG_ERROR, sink);
    REQUIRE(scope, jose->log != NULL, INTERNAL, "jose.start");
    unsigned char random[32];
    char passphrase[2 * sizeof random + 1];
    scope->env->random->bytes(scope->env->random, random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        static const char DIGITS[] = "0123456789abcdef";
        passphrase[2 * i] = DIGITS[random[i] >> 4];
        passphrase[2 * i + 1] = DIGITS[random[i] & 15];
    }
    passphrase[sizeof passphrase - 1] = '\0';
    const char *refused = oauth2_crypto_passphrase_set(jose->log, NULL, passphrase);
    explicit_bzero(passphrase, sizeof passphrase);
    explicit_bzero(random, sizeof random);
    REQUIRE(scope, refused == NULL, INTERNAL, "jose.start");
    /* Its error text is not always from the heap, so it is never freed; we end here anyway. */
    REQUIRE(scope,
            oauth2_cfg_set_cache(jose->log, NULL, "shm",
                                 "name=gh-none&max_entries=1&max_val_size=64") == NULL &&
                oauth2_cache_obtain(jose->log, "gh-none") != NULL,
            INTERNAL, "jose.start");
    return OK_RESULT;
}
#endif

void jose_stop(struct jose **jose) {
    if (*jose == NULL) {
        return;
    }
#ifndef GH_JOSE_OPENSSL
    if ((*jose)->log != NULL) {
        oauth2_shutdown((*jose)->log);
    }
#endif
    free(*jose);
    *jose = NULL;
}

result jose_start(struct scope *scope, struct jose **ret) {
    AUTO(jose_stop) struct jose *jose = calloc(1, sizeof *jose);
    assert(jose != NULL);
#ifndef GH_JOSE_OPENSSL
    TRY(start_library(scope, jose));
#endif
    TRY(jose_self_test(scope, jose));
    *ret = jose;
    jose = NULL;
    return OK_RESULT;
}
