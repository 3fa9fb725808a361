#pragma once
/* Keys and tokens for tests: a signer makes what an honest or a hostile provider would send. */

#include "identity/oidc/jose.h"
#include "identity/oidc/jwk.h"

struct signer {
    enum jose_alg alg;
    struct secret pkcs8;
    struct jwk jwk; /* kid: as given */
};

struct signer signer_make(struct scope *scope, enum jose_alg alg, const char *kid);
/* The same RSA numbers under another algorithm. */
struct signer signer_with_alg(const struct signer *signer, enum jose_alg alg);
/* header and payload as they are: nothing is added, nothing checked. */
struct str signer_sign(struct scope *scope, const struct signer *signer, const char *header,
                       struct str payload);
/* {"alg":…,"kid":…} */
struct str signer_token(struct scope *scope, const struct signer *signer, struct str payload);
/* header.payload with the HMAC of a key: what an attacker makes of public bytes. */
struct str hmac_token(struct scope *scope, const char *header, struct str payload, struct str key);
struct str unsigned_token(struct scope *scope, const char *header, struct str payload);
struct str signer_jwks(struct scope *scope, const struct signer *signers, size_t count);
/* A copy with one bit of one byte turned over. */
struct str flipped(struct scope *scope, struct str text, size_t at);
