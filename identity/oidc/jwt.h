#pragma once
/* A token from its bytes to a verdict, in three pure steps: the header is decoded and checked
 * against the policy, somebody verifies the signature, the claims are decoded and checked. What is
 * expected comes from the connection and the attempt, never from the token. */

#include <stdint.h>

#include "identity/oidc/jose.h"

struct json;
struct oidc_settings;

enum { JWT_MAX_BYTES = 16 * 1024, JWT_MAX_SUB = 255, JWT_MAX_AUDIENCES = 32 };

enum jwt_claim { JWT_EXP = 1, JWT_IAT = 2, JWT_SUB = 4, JWT_JTI = 8, JWT_NONCE = 16 };

struct jwt_policy {
    unsigned algs;                 /* bit set of enum jose_alg, from the connection */
    const char *typ;               /* NULL: absent or "JWT" */
    struct str iss, aud;           /* exact bytes, never empty */
    struct str azp;                /* our client_id, for ID tokens */
    struct str nonce;              /* a token that has one must have this one */
    struct str sub;                /* empty: any */
    unsigned need, forbid;         /* bits of enum jwt_claim */
    int64_t skew_s, max_iat_age_s; /* the latter 0: any age */
    int64_t max_age_s;             /* of the sign-in at the provider; -1: not asked */
    struct str acr_values;         /* blank-separated; empty: not asked */
};

/* Sign-in: nonce, at most 10 minutes old. */
struct jwt_policy jwt_policy_login(const struct oidc_settings *settings, struct str nonce);
/* Refresh: the same person as at sign-in, the nonce only if the token has one (OpenID Connect Core
 * section 12.2). */
struct jwt_policy jwt_policy_refresh(const struct oidc_settings *settings, struct str sub,
                                     struct str nonce);

struct jwt {
    enum jose_alg alg;
    struct str kid;  /* empty: none */
    struct str text; /* the compact form */
};

struct jwt_claims {
    struct str iss, sub, azp, nonce, jti, sid, acr, at_hash; /* empty: absent */
    unsigned has;                                            /* bits of enum jwt_claim */
    bool has_nbf, has_auth_time, has_azp, has_at_hash;
    int64_t exp_s, iat_s, nbf_s, auth_time_s;
    size_t audience_count;
    struct str audiences[JWT_MAX_AUDIENCES];
    const struct json *all; /* for oidc_person_read alone */
};

/* Size, shape, strict base64url, header; algorithm, crit and typ by the policy: UNAUTHENTICATED
 * "jwt.size", "jwt.encoding", "jwt.header", "jwt.alg", "jwt.crit", "jwt.typ". */
RESULT jwt_decode(struct scope *scope, struct str text, const struct jwt_policy *policy,
                  struct jwt *ret);
/* The payload of a token whose signature was good: UNAUTHENTICATED "jwt.payload", "jwt.claims",
 * "jwt.time". */
RESULT jwt_decode_claims(struct scope *scope, const struct jwt *jwt, struct jwt_claims *ret);
/* One reason per rule, in the order of the list: see jwt.c. */
RESULT jwt_check(struct scope *scope, const struct jwt_claims *claims,
                 const struct jwt_policy *policy, int64_t now_us);
/* OpenID Connect Core section 3.1.3.6; absent is fine. UNAUTHENTICATED "jwt.at_hash". */
RESULT jwt_check_at_hash(struct scope *scope, enum jose_alg alg, const struct jwt_claims *claims,
                         struct str access_token);
