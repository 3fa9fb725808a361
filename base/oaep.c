#include "base/oaep.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

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

static void free_decoder(OSSL_DECODER_CTX **decoder) {
    OSSL_DECODER_CTX_free(*decoder);
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

/* PKCS #8, not encrypted. Told what it is going to see, the decoder takes a third of the time that
 * it takes to find out. */
static EVP_PKEY *read_private(struct secret key_pem) {
    if (key_pem.bytes.len > INT_MAX) {
        return NULL;
    }
    AUTO(free_bio) BIO *bio = BIO_new_mem_buf(key_pem.bytes.at, (int) key_pem.bytes.len);
    AUTO(free_pem) struct pem pem = {.name = NULL};
    if (bio == NULL || PEM_read_bio(bio, &pem.name, &pem.header, &pem.bytes, &pem.len) != 1 ||
        strcmp(pem.name, PEM_STRING_PKCS8INF) != 0 || pem.header[0] != '\0') {
        ERR_clear_error();
        return NULL;
    }
    EVP_PKEY *pkey = NULL;
    AUTO(free_decoder)
    OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&pkey, "DER", "PrivateKeyInfo", "RSA",
                                                              EVP_PKEY_KEYPAIR, NULL, NULL);
    const unsigned char *at = pem.bytes;
    size_t left = (size_t) pem.len;
    if (decoder == NULL || OSSL_DECODER_from_data(decoder, &at, &left) != 1) {
        ERR_clear_error();
    }
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
