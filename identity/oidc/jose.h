#pragma once
/* The door to signatures: one JWS, one explicit key, one algorithm out of a fixed table. What a
 * token says about itself decides nothing here: the caller names the algorithm, and the header must
 * agree. No type of a library behind it is visible. */

#include "base/result.h"
#include "base/secret.h"
#include "base/str.h"

struct jose;
struct jose_key;
struct jwk_public;

enum jose_alg {
    JOSE_RS256,
    JOSE_RS384,
    JOSE_RS512,
    JOSE_PS256,
    JOSE_PS384,
    JOSE_PS512,
    JOSE_ES256,
    JOSE_ES384,
    JOSE_ES512,
    JOSE_EDDSA, /* also called Ed25519 (RFC 9864) */
    JOSE_ALG_COUNT
};

#define JOSE_BIT(alg) (1U << (alg))
/* What a connection allows unless it says otherwise. */
#define JOSE_DEFAULT_ALGS                                                                          \
    (JOSE_BIT(JOSE_RS256) | JOSE_BIT(JOSE_PS256) | JOSE_BIT(JOSE_ES256) | JOSE_BIT(JOSE_EDDSA))

enum jose_hash { JOSE_SHA256, JOSE_SHA384, JOSE_SHA512 };

/* Once per process, in the main thread, before any other thread: makes the library quiet and
 * cacheless and lets every algorithm accept a good token and refuse a damaged one. INTERNAL
 * "jose.start", "jose.self_test". */
RESULT jose_start(struct scope *scope, struct jose **ret);
/* After all other threads have joined and all keys are closed. */
void jose_stop(struct jose **jose);

/* INVALID "jose.alg": none, HS*, ES256K and everything else that is not in the table. */
RESULT jose_alg_parse(struct scope *scope, struct str name, enum jose_alg *ret);
const char *jose_alg_name(enum jose_alg alg);
/* The hash behind at_hash. */
enum jose_hash jose_alg_hash(enum jose_alg alg);
bool jose_alg_fits(enum jose_alg alg, const struct jwk_public *key);

/* Checks the numbers (sizes, odd modulus and exponent, point on curve): INVALID "jose.key". Any
 * number of threads may verify with one key. */
RESULT jose_key_open(struct scope *scope, struct jose *jose, const struct jwk_public *jwk,
                     struct jose_key **ret);
void jose_key_close(struct jose_key **key);
/* UNAUTHENTICATED "jwt.signature" for everything that is not a good signature of this key. */
RESULT jose_verify(struct scope *scope, const struct jose_key *key, enum jose_alg alg,
                   struct str compact_jws);

/* Our own client keys, PKCS#8 DER. */
RESULT jose_private_generate(struct scope *scope, enum jose_alg alg, struct secret *ret);
RESULT jose_private_public(struct scope *scope, struct secret pkcs8, struct jwk_public *ret);
/* header.payload with its signature: "header.payload.signature". */
RESULT jose_sign(struct scope *scope, struct secret pkcs8, enum jose_alg alg,
                 struct str signing_input, struct str *ret);

/* The built-in known answers, through the same functions; part of jose_start. */
RESULT jose_self_test(struct scope *scope, struct jose *jose);
