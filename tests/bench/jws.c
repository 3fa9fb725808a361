/* Signatures per CPU second, as ratios of what OpenSSL itself does with the same key in the same
 * rounds (EVP_PKEY_verify of a ready digest, as `openssl speed` measures it). One line of JSON.
 *
 *   jws SECONDS
 *
 * door: jose_verify of one token. all: header, key set, signature, claims and policy. */

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/base64url.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/connection.h"
#include "identity/oidc/jwk.h"
#include "identity/oidc/jwt.h"
#include "identity/oidc/key_set.h"

enum { BATCH = 64, ROUNDS = 10 };
static const int64_t NOW_US = INT64_C(1767323045000000);

struct subject {
    const char *name;
    enum jose_alg alg;
    struct jose_key *key;
    struct key_set *keys;
    EVP_PKEY *pkey;
    struct str token, digest, signature; /* the last two for the yardstick */
};

static double cpu_seconds(void) {
    struct rusage used;
    (void) getrusage(RUSAGE_SELF, &used);
    return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static struct oidc_settings settings(void) {
    return (struct oidc_settings){.issuer = STR("https://op.example"),
                                  .client_id = STR("gatehouse"),
                                  .algs = JOSE_DEFAULT_ALGS,
                                  .acr_values = STR(""),
                                  .max_age_s = -1,
                                  .skew_s = 60};
}

/* Twelve claims, as a busy provider sends them. */
static const char CLAIMS[] =
    "{\"iss\":\"https://op.example\",\"sub\":\"248289761001\",\"aud\":\"gatehouse\","
    "\"nonce\":\"n-0S6_WzA2Mj\",\"exp\":1767323345,\"iat\":1767323045,\"auth_time\":1767323040,"
    "\"name\":\"Jane Doe\",\"preferred_username\":\"jane\",\"email\":\"jane@example.com\","
    "\"email_verified\":true,\"sid\":\"08a5019c-17e1-4977-8f42-65a12843ea02\"}";

static result make_token(struct scope *scope, struct secret pkcs8, struct subject *subject) {
    const struct str header =
        str_format(scope->arena, "{\"alg\":\"%s\",\"kid\":\"k\"}", jose_alg_name(subject->alg));
    const struct str first = base64url_encode(scope->arena, header.at, header.len);
    const struct str second = base64url_encode(scope->arena, CLAIMS, sizeof CLAIMS - 1);
    return jose_sign(scope, pkcs8, subject->alg,
                     str_format(scope->arena, "%.*s.%.*s", STR_ARG(first), STR_ARG(second)),
                     &subject->token);
}

/* A signature of the yardstick's own, in OpenSSL's own form. */
static bool make_yardstick(struct scope *scope, struct secret pkcs8, struct subject *subject) {
    const unsigned char *at = (const unsigned char *) pkcs8.bytes.at;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long) pkcs8.bytes.len);
    subject->pkey = info == NULL ? NULL : EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = 1024;
    unsigned char *bytes = arena_alloc(scope->arena, len);
    subject->digest = sha256(scope->arena, subject->token);
    EVP_PKEY_CTX *signer = NULL;
    bool is_made = subject->pkey != NULL;
    if (is_made && subject->alg == JOSE_EDDSA) {
        is_made = EVP_DigestSignInit(context, NULL, NULL, NULL, subject->pkey) == 1 &&
                  EVP_DigestSign(context, bytes, &len, (const unsigned char *) subject->digest.at,
                                 subject->digest.len) == 1;
    } else if (is_made) {
        signer = EVP_PKEY_CTX_new(subject->pkey, NULL);
        is_made = EVP_PKEY_sign_init(signer) == 1 &&
                  EVP_PKEY_CTX_set_signature_md(signer, EVP_sha256()) == 1 &&
                  EVP_PKEY_sign(signer, bytes, &len, (const unsigned char *) subject->digest.at,
                                subject->digest.len) == 1;
    }
    EVP_PKEY_CTX_free(signer);
    EVP_MD_CTX_free(context);
    subject->signature = (struct str){(const char *) bytes, len};
    return is_made;
}

static result make_subject(struct scope *scope, struct jose *jose, struct subject *subject) {
    struct secret pkcs8;
    struct jwk_set *jwks = NEW(scope->arena, struct jwk_set);
    TRY(jose_private_generate(scope, subject->alg, &pkcs8));
    TRY(jose_private_public(scope, pkcs8, &jwks->keys[0].key));
    jwks->keys[0].kid = STR("k");
    jwks->count = 1;
    TRY(jose_key_open(scope, jose, &jwks->keys[0].key, &subject->key));
    subject->keys = key_set_new(scope, jose, jwks);
    TRY(make_token(scope, pkcs8, subject));
    REQUIRE(scope, make_yardstick(scope, pkcs8, subject), INTERNAL, "jose.library");
    return OK_RESULT;
}

static bool run_yardstick(const struct subject *subject) {
    bool is_good = true;
    const unsigned char *digest = (const unsigned char *) subject->digest.at;
    const unsigned char *signature = (const unsigned char *) subject->signature.at;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *verifier = EVP_PKEY_CTX_new(subject->pkey, NULL);
    if (subject->alg != JOSE_EDDSA) {
        is_good = EVP_PKEY_verify_init(verifier) == 1 &&
                  EVP_PKEY_CTX_set_signature_md(verifier, EVP_sha256()) == 1;
    }
    for (int i = 0; i < BATCH && is_good; i++) {
        if (subject->alg == JOSE_EDDSA) {
            is_good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, subject->pkey) == 1 &&
                      EVP_DigestVerify(context, signature, subject->signature.len, digest,
                                       subject->digest.len) == 1;
        } else {
            is_good = EVP_PKEY_verify(verifier, signature, subject->signature.len, digest,
                                      subject->digest.len) == 1;
        }
    }
    EVP_PKEY_CTX_free(verifier);
    EVP_MD_CTX_free(context);
    return is_good;
}

static bool run_door(struct scope *scope, const struct subject *subject) {
    bool is_good = true;
    for (int i = 0; i < BATCH && is_good; i++) {
        is_good = is_ok(jose_verify(scope, subject->key, subject->alg, subject->token));
        arena_reset(scope->arena);
    }
    return is_good;
}

static bool check_all(struct scope *scope, const struct subject *subject,
                      const struct jwt_policy *policy) {
    struct jwt jwt;
    struct jwt_claims claims;
    return is_ok(jwt_decode(scope, subject->token, policy, &jwt)) &&
           is_ok(key_set_verify(scope, subject->keys, &jwt)) &&
           is_ok(jwt_decode_claims(scope, &jwt, &claims)) &&
           is_ok(jwt_check(scope, &claims, policy, NOW_US));
}

static bool run_all(struct scope *scope, const struct subject *subject) {
    const struct oidc_settings of = settings();
    const struct jwt_policy policy = jwt_policy_login(&of, STR("n-0S6_WzA2Mj"));
    bool is_good = true;
    for (int i = 0; i < BATCH && is_good; i++) {
        is_good = check_all(scope, subject, &policy);
        arena_reset(scope->arena);
    }
    return is_good;
}

struct figures {
    double yardstick, door, all; /* CPU seconds */
    int batches;
};

/* Turn by turn, so that all three see the same machine. */
static bool measure(struct scope *scope, const struct subject *subject, double seconds,
                    struct figures *ret) {
    struct figures figures = {0};
    const double end = cpu_seconds() + seconds;
    while (figures.batches < ROUNDS || cpu_seconds() < end) {
        const double start = cpu_seconds();
        const bool first = run_yardstick(subject);
        const double after_yardstick = cpu_seconds();
        const bool second = run_door(scope, subject);
        const double after_door = cpu_seconds();
        const bool third = run_all(scope, subject);
        const double after_all = cpu_seconds();
        if (!first || !second || !third) {
            return false;
        }
        figures.yardstick += after_yardstick - start;
        figures.door += after_door - after_yardstick;
        figures.all += after_all - after_door;
        figures.batches++;
    }
    *ret = figures;
    return true;
}

static bool report(struct scope *scope, struct subject *subject, double seconds, bool is_first) {
    struct figures figures;
    if (!measure(scope, subject, seconds, &figures)) {
        return false;
    }
    const double count = (double) figures.batches * BATCH;
    (void) printf("%s{\"alg\":\"%s\",\"openssl_per_s\":%.0f,\"door_per_s\":%.0f,\"all_per_s\":%.0f,"
                  "\"door_ratio\":%.2f,\"all_ratio\":%.2f}",
                  is_first ? "" : ",", subject->name, count / figures.yardstick,
                  count / figures.door, count / figures.all, figures.yardstick / figures.door,
                  figures.yardstick / figures.all);
    return true;
}

int main(int argc, char **argv) {
    const struct env env = {.random = system_random()};
    AUTO(arena_end) struct arena *keep = arena_new();
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {keep, &env, ""};
    struct scope round = {arena, &env, ""};
    struct jose *jose = NULL;
    uint64_t seconds = 0;
    struct subject subjects[] = {{.name = "RS256", .alg = JOSE_RS256},
                                 {.name = "ES256", .alg = JOSE_ES256},
                                 {.name = "EdDSA", .alg = JOSE_EDDSA}};
    const size_t count = sizeof subjects / sizeof *subjects;
    bool is_good = argc == 2 && is_ok(parse_u64(&scope, str_from_c(argv[1]), 600, &seconds)) &&
                   is_ok(jose_start(&scope, &jose));
    (void) printf("{\"signatures\":[");
    for (size_t i = 0; i < count && is_good; i++) {
        is_good = is_ok(make_subject(&scope, jose, &subjects[i])) &&
                  report(&round, &subjects[i], (double) seconds, i == 0);
        jose_key_close(&subjects[i].key);
        key_set_release(&subjects[i].keys);
        EVP_PKEY_free(subjects[i].pkey);
    }
    (void) printf("]}\n");
    jose_stop(&jose);
    if (!is_good) {
        (void) fprintf(stderr, "jws: %s\n", scope.reason);
    }
    return is_good ? 0 : 1;
}
