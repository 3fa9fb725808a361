#include "tests/support/forge.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "tests/support/fixture.h"

struct recipe {
    const char *type, *curve;
    size_t bits;
    const char *name;
};

static const struct recipe RECIPES[FORGE_OWNER_COUNT] = {
    [FORGE_IDP] = {"RSA", NULL, 2048, "idp"},
    [FORGE_IDP_OLD] = {"RSA", NULL, 2048, "idp old"},
    [FORGE_IDP_EXPIRED] = {"RSA", NULL, 2048, "idp expired"},
    [FORGE_IDP_P256] = {"EC", "P-256", 0, "idp p256"},
    [FORGE_IDP_P384] = {"EC", "P-384", 0, "idp p384"},
    [FORGE_ATTACKER] = {"RSA", NULL, 2048, "idp"}, /* the same name: names prove nothing */
    [FORGE_SP] = {"RSA", NULL, 2048, "sp"},
    [FORGE_SP_NEXT] = {"RSA", NULL, 2048, "sp next"},
    [FORGE_RSA_512] = {"RSA", NULL, 512, "rsa 512"},
    [FORGE_RSA_1024] = {"RSA", NULL, 1024, "rsa 1024"},
    [FORGE_P521] = {"EC", "P-521", 0, "p521"},
    [FORGE_SECP256K1] = {"EC", "secp256k1", 0, "secp256k1"},
    [FORGE_ED25519] = {"ED25519", NULL, 0, "ed25519"},
};

static EVP_PKEY *generated(const struct recipe *recipe) {
    if (recipe->bits != 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, recipe->type, recipe->bits);
    }
    if (recipe->curve != NULL) {
        return EVP_PKEY_Q_keygen(NULL, NULL, recipe->type, recipe->curve);
    }
    return EVP_PKEY_Q_keygen(NULL, NULL, recipe->type);
}

/* 2020-01-01 to 2020-12-31 when expired, else to 2049. */
static struct str certified(EVP_PKEY *pkey, const struct recipe *recipe, bool is_expired) {
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
    const char *until = is_expired ? "20201231000000Z" : "20491231000000Z";
    assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z"),
                     1);
    assert_int_equal(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), until), 1);
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                (const unsigned char *) recipe->name, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    assert_int_equal(X509_set_pubkey(certificate, pkey), 1);
    const bool is_edwards = strcmp(recipe->type, "ED25519") == 0;
    assert_true(X509_sign(certificate, pkey, is_edwards ? NULL : EVP_sha256()) > 0);
    unsigned char *der = NULL;
    const int len = i2d_X509(certificate, &der);
    assert_true(len > 0);
    X509_free(certificate);
    return (struct str){(const char *) der, (size_t) len};
}

const struct forge_key *forge_key(enum forge_owner owner) {
    static struct forge_key keys[FORGE_OWNER_COUNT];
    struct forge_key *key = &keys[owner];
    if (key->pkey == NULL) {
        key->pkey = generated(&RECIPES[owner]);
        assert_non_null(key->pkey);
        key->certificate = certified(key->pkey, &RECIPES[owner], owner == FORGE_IDP_EXPIRED);
    }
    return key;
}

static struct str taken(struct arena *arena, BIO *bio) {
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    assert_true(len > 0);
    const struct str ret = str_copy(arena, (struct str){data, (size_t) len});
    BIO_free(bio);
    return ret;
}

struct str forge_private_pem(struct arena *arena, enum forge_owner owner) {
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(bio, forge_key(owner)->pkey, NULL, NULL, 0, NULL, NULL), 1);
    return taken(arena, bio);
}

struct str forge_public_pem(struct arena *arena, enum forge_owner owner) {
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, forge_key(owner)->pkey), 1);
    return taken(arena, bio);
}

struct str forge_public_der(struct arena *arena, enum forge_owner owner) {
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PUBKEY_bio(bio, forge_key(owner)->pkey), 1);
    return taken(arena, bio);
}

const char *forge_certificate_base64(struct arena *arena, enum forge_owner owner) {
    return forge_base64(arena, forge_key(owner)->certificate);
}

const char *forge_x509_data(struct arena *arena, enum forge_owner owner) {
    return forge_text(arena,
                      "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate>"
                      "</ds:X509Data></ds:KeyInfo>",
                      forge_certificate_base64(arena, owner));
}

static const char *number(struct arena *arena, const EVP_PKEY *pkey, const char *name) {
    BIGNUM *big = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &big), 1);
    unsigned char bytes[512];
    const int len = BN_bn2bin(big, bytes);
    BN_free(big);
    return forge_base64(arena, (struct str){(const char *) bytes, (size_t) len});
}

const char *forge_key_value(struct arena *arena, enum forge_owner owner) {
    const EVP_PKEY *pkey = forge_key(owner)->pkey;
    return forge_text(arena,
                      "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>%s</ds:Modulus>"
                      "<ds:Exponent>%s</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>",
                      number(arena, pkey, OSSL_PKEY_PARAM_RSA_N),
                      number(arena, pkey, OSSL_PKEY_PARAM_RSA_E));
}
