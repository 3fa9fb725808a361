#pragma once
/* An OpenID provider that lies on demand. It is the HTTP client of the environment: it answers what
 * Gatehouse asks, counts the questions, and fails the test when it is asked anything a relying
 * party must not ask. What it says is a row of data: `struct lie` changes one thing about a
 * well-behaved provider. */

#include "base/http_client.h"
#include "tests/support/fixture.h"
#include "tests/support/signer.h"

#define OP_ISSUER "https://op.example"
#define OP_SECRET "client secret & more"
#define OP_ACCESS "access-token-of-alice"
#define OMIT      "" /* a claim that is not sent */

enum op_key { KEY_RSA, KEY_RSA_OTHER, KEY_EC, KEY_ED, KEY_EC_OTHER, OP_KEYS };

struct op_keys {
    struct signer signers[OP_KEYS];
};
/* RSA keys are slow to make: once per program. */
struct op_keys op_keys_make(struct scope *scope);

enum op_signing {
    SIGN_WELL,
    SIGN_NONE,          /* alg none, no signature */
    SIGN_STRIPPED,      /* a good token without its signature */
    SIGN_FLIPPED,       /* one bit of the signature turned */
    SIGN_OTHER_PAYLOAD, /* another person's payload under a good signature */
    SIGN_HMAC_SECRET,
    SIGN_HMAC_PUBLIC_KEY,
    SIGN_HMAC_OCT
};

#define BIT(key) (1U << (key))

struct lie {
    /* claims as raw JSON; NULL: the honest value; OMIT: absent */
    const char *iss, *sub, *aud, *azp, *nonce, *iat, *exp, *nbf, *auth_time, *extra;
    bool with_at_hash, with_wrong_at_hash;
    const char *payload; /* the whole payload, raw */
    const char *header;  /* raw; NULL: {"alg":…,"kid":…} */
    bool without_kid, with_own_jwk;
    enum op_signing signing;
    enum op_key signer;
    unsigned published; /* bits of op_key; 0: KEY_RSA, KEY_EC and KEY_ED */
    const char *jwks;   /* raw */
    int jwks_status, metadata_status;
    const char *metadata_issuer;
    const char *token_body, *token_type, *token_content; /* raw body, member, media type */
    int token_status;
    bool without_id_token, wants_other_verifier;
    const char *refresh_token; /* raw text; NULL: none is given */
    const char *userinfo;      /* raw */
    int userinfo_status, revocation_status;
    bool without_revocation; /* no such endpoint */
    /* of the connection and the callback */
    bool needs_userinfo, announces_iss;
    unsigned algs;
    const char *callback; /* the query: "*" stands for code=…&state=…, "~" for the state */
    bool in_other_browser;
};

struct hostile_op {
    struct http_client client; /* first */
    struct fixture *fixture;
    const struct op_keys *keys;
    struct lie lie;
    struct str nonce, challenge;                      /* of the authorization request */
    int metadata, jwks, token, userinfo, revocations; /* questions asked */
    int silent; /* the next n questions are not answered at all */
    struct str token_request, token_authorization, authorization;
};

void hostile_op_init(struct hostile_op *op, struct fixture *fixture, const struct op_keys *keys);
/* An ID token as the lie wants it. */
struct str hostile_op_id_token(struct hostile_op *op);
