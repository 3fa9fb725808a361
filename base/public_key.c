#include "base/public_key.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/clock.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, GROUP_NAME_BYTES = 64, SECONDS_OF_DAY = 86400 };

struct public_key {
    EVP_PKEY *pkey;
    enum public_key_kind kind;
};

static void free_x509(X509 **certificate) {
    X509_free(*certificate);
}

static void free_time(ASN1_TIME **time) {
    ASN1_TIME_free(*time);
}

static void free_md_context(EVP_MD_CTX **context) {
    EVP_MD_CTX_free(*context);
}

static void free_ecdsa(ECDSA_SIG **signature) {
    ECDSA_SIG_free(*signature);
}

static void free_openssl(unsigned char **bytes) {
    OPENSSL_free(*bytes);
}

static const unsigned char *as_bytes(struct str text) {
    return (const unsigned char *) text.at;
}

static result open_x509(struct scope *scope, struct str der, X509 **ret) {
    REQUIRE(scope, der.len > 0 && der.len <= LONG_MAX, INVALID, "certificate.malformed");
    const unsigned char *at = as_bytes(der);
    X509 *certificate = d2i_X509(NULL, &at, (long) der.len);
    REQUIRE(scope, certificate != NULL, INVALID, "certificate.malformed");
    if (at != as_bytes(der) + der.len || X509_get0_pubkey(certificate) == NULL) {
        X509_free(certificate);
        return FAIL(scope, INVALID, "certificate.malformed");
    }
    *ret = certificate;
    return OK_RESULT;
}

static enum public_key_kind kind_of(const EVP_PKEY *pkey) {
    if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
        return PUBLIC_KEY_RSA;
    }
    char group[GROUP_NAME_BYTES];
    size_t len = 0;
    if (EVP_PKEY_is_a(pkey, "EC") != 1 ||
        EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) != 1) {
        return PUBLIC_KEY_OTHER;
    }
    const struct str name = {group, len};
    if (str_eq(name, STR("prime256v1"))) {
        return PUBLIC_KEY_P256;
    }
    return str_eq(name, STR("secp384r1")) ? PUBLIC_KEY_P384 : PUBLIC_KEY_OTHER;
}

static result time_us(struct scope *scope, const ASN1_TIME *time, int64_t *ret) {
    AUTO(free_time) ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    REQUIRE(scope, epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1, INVALID,
            "certificate.malformed");
    *ret = S_TO_US((int64_t) days * SECONDS_OF_DAY + seconds);
    return OK_RESULT;
}

result certificate_read(struct scope *scope, struct str der, struct certificate *ret) {
    AUTO(free_x509) X509 *certificate = NULL;
    TRY(open_x509(scope, der, &certificate));
    const EVP_PKEY *pkey = X509_get0_pubkey(certificate);
    struct certificate facts = {.kind = kind_of(pkey), .bits = EVP_PKEY_get_bits(pkey)};
    TRY(time_us(scope, X509_get0_notBefore(certificate), &facts.not_before_us));
    TRY(time_us(scope, X509_get0_notAfter(certificate), &facts.not_after_us));
    AUTO(free_openssl) unsigned char *spki = NULL;
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
    REQUIRE(scope, len > 0, INVALID, "certificate.malformed");
    facts.subject_public_key =
        str_copy(scope->arena, (struct str){(const char *) spki, (size_t) len});
    *ret = facts;
    return OK_RESULT;
}

result public_key_open(struct scope *scope, struct str certificate_der, struct public_key **ret) {
    AUTO(free_x509) X509 *certificate = NULL;
    TRY(open_x509(scope, certificate_der, &certificate));
    struct public_key *key = calloc(1, sizeof *key);
    assert(key != NULL);
    key->pkey = X509_get_pubkey(certificate);
    key->kind = kind_of(key->pkey);
    *ret = key;
    return OK_RESULT;
}

void public_key_close(struct public_key **key) {
    if (*key != NULL) {
        EVP_PKEY_free((*key)->pkey);
        free(*key);
        *key = NULL;
    }
}

bool certificate_is_strong(const struct certificate *certificate) {
    switch (certificate->kind) {
    case PUBLIC_KEY_RSA:
        return certificate->bits >= RSA_BITS_MIN && certificate->bits <= RSA_BITS_MAX;
    case PUBLIC_KEY_P256:
    case PUBLIC_KEY_P384: return true;
    case PUBLIC_KEY_OTHER: break;
    }
    return false;
}

static const EVP_MD *digest_of(enum signature_kind kind) {
    switch (kind) {
    case SIGNATURE_RSA_SHA1: return EVP_sha1();
    case SIGNATURE_RSA_SHA256:
    case SIGNATURE_ECDSA_SHA256: return EVP_sha256();
    case SIGNATURE_RSA_SHA384:
    case SIGNATURE_ECDSA_SHA384: return EVP_sha384();
    case SIGNATURE_RSA_SHA512: break;
    }
    return EVP_sha512();
}

static bool is_ecdsa(enum signature_kind kind) {
    return kind == SIGNATURE_ECDSA_SHA256 || kind == SIGNATURE_ECDSA_SHA384;
}

static bool verifies(const struct public_key *key, enum signature_kind kind, struct str bytes,
                     struct str signature) {
    AUTO(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    return context != NULL &&
           EVP_DigestVerifyInit(context, NULL, digest_of(kind), NULL, key->pkey) == 1 &&
           EVP_DigestVerify(context, as_bytes(signature), signature.len, as_bytes(bytes),
                            bytes.len) == 1;
}

static bool verifies_side_by_side(const struct public_key *key, enum signature_kind kind,
                                  struct str bytes, struct str signature) {
    const size_t half = key->kind == PUBLIC_KEY_P256 ? 32 : 48;
    if (signature.len != 2 * half) {
        return false;
    }
    AUTO(free_ecdsa) ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(as_bytes(signature), (int) half, NULL);
    BIGNUM *s = BN_bin2bn(as_bytes(signature) + half, (int) half, NULL);
    assert(pair != NULL && r != NULL && s != NULL);
    ECDSA_SIG_set0(pair, r, s); /* owns them */
    AUTO(free_openssl) unsigned char *der = NULL;
    const int len = i2d_ECDSA_SIG(pair, &der);
    return len > 0 && verifies(key, kind, bytes, (struct str){(const char *) der, (size_t) len});
}

bool public_key_verifies(const struct public_key *key, enum signature_kind kind, struct str bytes,
                         struct str signature) {
    if (is_ecdsa(kind)) {
        return (key->kind == PUBLIC_KEY_P256 || key->kind == PUBLIC_KEY_P384) &&
               (verifies_side_by_side(key, kind, bytes, signature) ||
                verifies(key, kind, bytes, signature));
    }
    return key->kind == PUBLIC_KEY_RSA && verifies(key, kind, bytes, signature);
}
