#include "base/oaep.h"

#include <limits.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"

enum { RSA_BYTES_MAX = 1024, SELF_TEST_BITS = 2048 };

static void free_pkey(EVP_PKEY **pkey) {
    EVP_PKEY_free(*pkey);
}

static void free_context(EVP_PKEY_CTX **context) {
    EVP_PKEY_CTX_free(*context);
}

static void free_bio(BIO **bio) {
    BIO_free(*bio);
}

static const EVP_MD *digest_of(enum oaep_digest digest) {
    switch (digest) {
    case OAEP_SHA1: return EVP_sha1();
    case OAEP_SHA256: return EVP_sha256();
    case OAEP_SHA384: return EVP_sha384();
    case OAEP_SHA512: break;
    }
    return EVP_sha512();
}

static bool set_oaep(EVP_PKEY_CTX *context, enum oaep_digest digest, enum oaep_digest mask) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(context, digest_of(digest)) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest_of(mask)) == 1;
}

static bool open_wrapped(struct scope *scope, EVP_PKEY *pkey, const enum oaep_digest digests[2],
                         struct str wrapped, struct secret *ret) {
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    unsigned char *plain = arena_alloc(scope->arena, RSA_BYTES_MAX);
    size_t len = RSA_BYTES_MAX;
    if (context == NULL || EVP_PKEY_get_size(pkey) > RSA_BYTES_MAX ||
        EVP_PKEY_decrypt_init(context) != 1 || !set_oaep(context, digests[0], digests[1]) ||
        EVP_PKEY_decrypt(context, plain, &len, (const unsigned char *) wrapped.at, wrapped.len) !=
            1) {
        ERR_clear_error();
        return false;
    }
    *ret = (struct secret){{(const char *) plain, len}};
    return true;
}

static void free_number(ASN1_TYPE *number) {
    if (number->type == V_ASN1_INTEGER) {
        OPENSSL_cleanse(number->value.integer->data, (size_t) number->value.integer->length);
    }
    ASN1_TYPE_free(number);
}

static void free_pkcs8(PKCS8_PRIV_KEY_INFO **pkcs8) {
    PKCS8_PRIV_KEY_INFO_free(*pkcs8);
}

static void free_numbers(ASN1_SEQUENCE_ANY **numbers) {
    sk_ASN1_TYPE_pop_free(*numbers, free_number);
}

static void free_builder(OSSL_PARAM_BLD **builder) {
    OSSL_PARAM_BLD_free(*builder);
}

static void free_params(OSSL_PARAM **params) {
    OSSL_PARAM_free(*params);
}

struct pem {
    char *name, *header;
    unsigned char *bytes;
    long len;
};

static void free_pem(struct pem *pem) {
    OPENSSL_free(pem->name);
    OPENSSL_free(pem->header);
    OPENSSL_clear_free(pem->bytes, (size_t) pem->len);
}

/* RSAPrivateKey, RFC 8017 appendix A.1.2: version 0, then these. */
static const char *const NUMBERS[] = {
    OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
    OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
    OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};
enum { NUMBER_COUNT = sizeof NUMBERS / sizeof *NUMBERS };

static bool is_version(const ASN1_TYPE *number) {
    int64_t version = -1;
    return number->type == V_ASN1_INTEGER &&
           ASN1_INTEGER_get_int64(&version, number->value.integer) == 1 && version == 0;
}

/* The builder keeps the pointers of `kept` until the parameters are made. */
static bool push_numbers(OSSL_PARAM_BLD *builder, const ASN1_SEQUENCE_ANY *numbers,
                         BIGNUM *kept[NUMBER_COUNT]) {
    if (sk_ASN1_TYPE_num(numbers) != NUMBER_COUNT + 1 ||
        !is_version(sk_ASN1_TYPE_value(numbers, 0))) {
        return false;
    }
    for (int i = 0; i < NUMBER_COUNT; i++) {
        const ASN1_TYPE *number = sk_ASN1_TYPE_value(numbers, i + 1);
        if (number->type != V_ASN1_INTEGER) {
            return false;
        }
        kept[i] = ASN1_INTEGER_to_BN(number->value.integer, NULL);
        if (kept[i] == NULL || OSSL_PARAM_BLD_push_BN(builder, NUMBERS[i], kept[i]) != 1) {
            return false;
        }
    }
    return true;
}

static EVP_PKEY *key_of(const ASN1_SEQUENCE_ANY *numbers) {
    BIGNUM *kept[NUMBER_COUNT] = {NULL};
    EVP_PKEY *pkey = NULL;
    AUTO(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    AUTO(free_params)
    OSSL_PARAM *params = builder != NULL && push_numbers(builder, numbers, kept)
                             ? OSSL_PARAM_BLD_to_param(builder)
                             : NULL;
    if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        pkey = NULL;
    }
    for (int i = 0; i < NUMBER_COUNT; i++) {
        BN_clear_free(kept[i]);
    }
    return pkey;
}

static EVP_PKEY *read_numbers(const struct pem *pem) {
    const ASN1_OBJECT *algorithm = NULL;
    const unsigned char *at = pem->bytes;
    int len = 0;
    AUTO(free_pkcs8) PKCS8_PRIV_KEY_INFO *pkcs8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, pem->len);
    if (pkcs8 == NULL || at != pem->bytes + pem->len ||
        PKCS8_pkey_get0(&algorithm, &at, &len, NULL, pkcs8) != 1 ||
        OBJ_obj2nid(algorithm) != NID_rsaEncryption) {
        return NULL;
    }
    AUTO(free_numbers) ASN1_SEQUENCE_ANY *numbers = d2i_ASN1_SEQUENCE_ANY(NULL, &at, len);
    return numbers == NULL ? NULL : key_of(numbers);
}

/* PKCS #8, not encrypted. OpenSSL's decoder takes ten times as long as it takes to read the numbers
 * one by one, for each message: a child keeps no key. */
static EVP_PKEY *read_private(struct secret key_pem) {
    if (key_pem.bytes.len > INT_MAX) {
        return NULL;
    }
    AUTO(free_bio) BIO *bio = BIO_new_mem_buf(key_pem.bytes.at, (int) key_pem.bytes.len);
    AUTO(free_pem) struct pem pem = {.name = NULL};
    EVP_PKEY *pkey = NULL;
    if (bio != NULL && PEM_read_bio(bio, &pem.name, &pem.header, &pem.bytes, &pem.len) == 1 &&
        strcmp(pem.name, PEM_STRING_PKCS8INF) == 0 && pem.header[0] == '\0') {
        pkey = read_numbers(&pem);
    }
    ERR_clear_error();
    return pkey;
}

result oaep_open(struct scope *scope, struct secret key_pem, enum oaep_digest digest,
                 enum oaep_digest mask, struct str wrapped, struct secret *ret) {
    AUTO(free_pkey) EVP_PKEY *pkey = read_private(key_pem);
    REQUIRE(scope, pkey != NULL && EVP_PKEY_is_a(pkey, "RSA") == 1, UNAUTHENTICATED, "oaep.open");
    const enum oaep_digest digests[2] = {digest, mask};
    REQUIRE(scope, open_wrapped(scope, pkey, digests, wrapped, ret), UNAUTHENTICATED, "oaep.open");
    return OK_RESULT;
}

static bool wrap(EVP_PKEY *pkey, const enum oaep_digest digests[2], struct str plain,
                 unsigned char *ret, size_t *ret_len) {
    AUTO(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    return context != NULL && EVP_PKEY_encrypt_init(context) == 1 &&
           set_oaep(context, digests[0], digests[1]) &&
           EVP_PKEY_encrypt(context, ret, ret_len, (const unsigned char *) plain.at, plain.len) ==
               1;
}

result oaep_self_test(struct scope *scope) {
    AUTO(free_pkey) EVP_PKEY *pkey = EVP_RSA_gen(SELF_TEST_BITS);
    REQUIRE(scope, pkey != NULL, INTERNAL, "oaep.self_test");
    const struct str plain = STR("sixteen bytes...");
    for (enum oaep_digest digest = OAEP_SHA1; digest <= OAEP_SHA512; digest++) {
        for (enum oaep_digest mask = OAEP_SHA1; mask <= OAEP_SHA512; mask++) {
            const enum oaep_digest digests[2] = {digest, mask};
            unsigned char wrapped[RSA_BYTES_MAX];
            size_t len = sizeof wrapped;
            struct secret opened;
            REQUIRE(scope, wrap(pkey, digests, plain, wrapped, &len), INTERNAL, "oaep.self_test");
            const struct str text = {(const char *) wrapped, len};
            REQUIRE(scope,
                    open_wrapped(scope, pkey, digests, text, &opened) &&
                        str_eq(opened.bytes, plain),
                    INTERNAL, "oaep.self_test");
            wrapped[len - 1] ^= 1;
            REQUIRE(scope, !open_wrapped(scope, pkey, digests, text, &opened), INTERNAL,
                    "oaep.self_test");
        }
    }
    return OK_RESULT;
}
