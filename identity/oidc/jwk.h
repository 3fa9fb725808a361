#pragma once
/* JSON Web Keys (RFC 7517): the public numbers of a key, and the key sets that providers publish.
 * Pure: whether the numbers make a key is jose's business. */

#include "identity/oidc/jose.h"

enum { JWKS_MAX_KEYS = 64, JWKS_MAX_BYTES = 256 * 1024, JWK_MAX_KID = 512 };

enum jwk_kind { JWK_RSA, JWK_EC, JWK_OKP };
enum jwk_curve { CURVE_NONE, CURVE_P256, CURVE_P384, CURVE_P521, CURVE_ED25519 };

struct jwk_public {
    enum jwk_kind kind;
    enum jwk_curve curve;
    struct str n, e; /* RSA: big-endian without leading zeros */
    struct str x, y; /* EC: of the curve's exact length; OKP: x only */
};

struct jwk {
    struct str kid; /* empty: none */
    bool has_alg;
    enum jose_alg alg;
    struct jwk_public key;
};

struct jwk_set {
    size_t count;
    struct jwk keys[JWKS_MAX_KEYS];
};

/* Keys that cannot sign for us are left out (symmetric, of another use or curve, with private
 * members); the set may end up empty. INVALID "jwks.malformed"; TOO_LARGE "jwks.size",
 * "jwks.keys". */
RESULT jwks_parse(struct scope *scope, struct str text, struct jwk_set *ret);

/* The algorithm that the (decoded) header of a token names. */
RESULT jws_header_alg(struct scope *scope, struct str header, enum jose_alg *ret);

/* The members that RFC 7638 demands, in its order: what a thumbprint is made of. */
struct str jwk_canonical(struct scope *scope, const struct jwk_public *key);
/* base64url SHA-256 of it: the kid of our own keys. */
struct str jwk_thumbprint(struct scope *scope, const struct jwk_public *key);
/* {"keys":[…]} of our own public keys. */
struct str jwks_write(struct scope *scope, const struct jwk *keys, size_t count);
