#include "base/x509.h"

#include <assert.h>
#include <limits.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"

enum { CERTIFICATE_MAX_BYTES = 64 * 1024, SERIAL_BYTES = 16, DAY_S = 24 * 3600 };

static void free_certificate(X509 **certificate) {
    X509_free(*certificate);
}

static void free_key(EVP_PKEY **key) {
    EVP_PKEY_free(*key);
}

static void free_bio(BIO **bio) {
    (void) BIO_free(*bio);
}

static void free_digest(EVP_MD_CTX **digest) {
    EVP_MD_CTX_free(*digest);
}

static void free_time(ASN1_TIME **moment) {
    ASN1_TIME_free(*moment);
}

static struct str copy_of_bio(struct arena *arena, BIO *bio) {
    char *at = NULL;
    const long len = BIO_get_mem_data(bio, &at);
    assert(len >= 0);
    return str_copy(arena, (struct str){at, (size_t) len});
}

static struct str hex(struct arena *arena, struct str bytes) {
    static const char DIGITS[] = "0123456789abcdef";
    struct strbuf text = strbuf_begin(arena, 2 * bytes.len);
    for (size_t i = 0; i < bytes.len; i++) {
        const unsigned char byte = (unsigned char) bytes.at[i];
        strbuf_add_byte(&text, DIGITS[byte >> 4]);
        strbuf_add_byte(&text, DIGITS[byte & 0xf]);
    }
    return strbuf_str(&text);
}

static bool read_time(const ASN1_TIME *moment, int64_t *ret_us) {
    AUTO(free_time) ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, moment) != 1) {
        return false;
    }
    *ret_us = S_TO_US((int64_t) days * DAY_S + seconds);
    return true;
}

static enum x509_key kind_of(const EVP_PKEY *key) {
    char curve[32];
    size_t len = 0;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA: return X509_RSA;
    case EVP_PKEY_EC: break;
    default: return X509_OTHER_KEY;
    }
    if (EVP_PKEY_get_group_name(key, curve, sizeof curve, &len) != 1) {
        return X509_OTHER_KEY;
    }
    const struct str name = str_from_c(curve);
    if (str_eq(name, STR("prime256v1"))) {
        return X509_EC_P256;
    }
    return str_eq(name, STR("secp384r1")) ? X509_EC_P384 : X509_OTHER_KEY;
}

static X509 *decode(struct str der) {
    const unsigned char *at = (const unsigned char *) der.at;
    const unsigned char *end = at + der.len;
    X509 *certificate =
        der.len <= CERTIFICATE_MAX_BYTES ? d2i_X509(NULL, &at, (long) der.len) : NULL;
    if (certificate != NULL && at != end) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

result x509_read(struct scope *scope, struct str der, struct x509 *ret) {
    AUTO(free_certificate) X509 *certificate = decode(der);
    REQUIRE(scope, certificate != NULL, INVALID, "x509.malformed");
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    struct x509 read = {.der = der};
    REQUIRE(scope,
            key != NULL && read_time(X509_get0_notBefore(certificate), &read.not_before_us) &&
                read_time(X509_get0_notAfter(certificate), &read.not_after_us),
            INVALID, "x509.malformed");
    read.key = kind_of(key);
    read.bits = EVP_PKEY_get_bits(key);
    read.fingerprint = hex(scope->arena, sha256(scope->arena, der));
    *ret = read;
    return OK_RESULT;
}

static const struct str BEGIN = STR_INIT("-----BEGIN CERTIFICATE-----");
static const struct str END = STR_INIT("-----END CERTIFICATE-----");

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Without blanks: PEM breaks its lines, people indent them. */
static struct str squeeze(struct arena *arena, struct str text) {
    struct strbuf dense = strbuf_begin(arena, text.len);
    for (size_t i = 0; i < text.len; i++) {
        if (!is_blank(text.at[i])) {
            strbuf_add_byte(&dense, text.at[i]);
        }
    }
    return strbuf_str(&dense);
}

result x509_read_pem(struct scope *scope, struct str pem, struct x509 *ret) {
    struct str text = pem;
    while (text.len > 0 && is_blank(text.at[0])) {
        text = str_from(text, 1);
    }
    while (text.len > 0 && is_blank(text.at[text.len - 1])) {
        text.len--;
    }
    REQUIRE(scope,
            text.len <= 2 * CERTIFICATE_MAX_BYTES && text.len >= BEGIN.len + END.len &&
                str_has_prefix(text, BEGIN) && str_has_suffix(text, END),
            INVALID, "x509.malformed");
    const struct str inner = {text.at + BEGIN.len, text.len - BEGIN.len - END.len};
    struct str der;
    REQUIRE(scope, is_ok(base64_decode(scope, squeeze(scope->arena, inner), &der)), INVALID,
            "x509.malformed");
    return x509_read(scope, der, ret);
}

struct str x509_to_pem(struct arena *arena, struct str der) {
    enum { LINE = 64 };
    struct str rest = base64_encode(arena, der);
    struct strbuf text = strbuf_begin(arena, BEGIN.len + END.len + 2 * rest.len + 4);
    strbuf_add(&text, BEGIN);
    strbuf_add_byte(&text, '\n');
    while (rest.len > 0) {
        strbuf_add(&text, str_first(rest, LINE));
        strbuf_add_byte(&text, '\n');
        rest = str_from(rest, LINE);
    }
    strbuf_add(&text, END);
    strbuf_add_byte(&text, '\n');
    return strbuf_str(&text);
}

/* Positive, and never the same twice: RFC 5280 section 4.1.2.2. */
static bool set_serial(struct scope *scope, X509 *certificate) {
    unsigned char bytes[SERIAL_BYTES];
    scope->env->random->bytes(scope->env->random, bytes, sizeof bytes);
    bytes[0] = (unsigned char) ((bytes[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    const bool is_set =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_set;
}

static bool set_name(X509 *certificate, struct str common_name) {
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *) common_name.at, (int) common_name.len,
                                      -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

static bool set_no_authority(X509 *certificate) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:FALSE");
    const bool is_set = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_set;
}

static bool fill(struct scope *scope, const struct x509_wish *wish, EVP_PKEY *key,
                 X509 *certificate) {
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(scope, certificate) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), wish->not_before_us / US_PER_S) !=
               NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), wish->not_after_us / US_PER_S) != NULL &&
           set_name(certificate, wish->common_name) && X509_set_pubkey(certificate, key) == 1 &&
           set_no_authority(certificate) && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static result encode(struct scope *scope, EVP_PKEY *key, X509 *certificate,
                     struct secret *ret_key_pem, struct x509 *ret) {
    AUTO(free_bio) BIO *pem = BIO_new(BIO_s_mem()); /* wiped when freed */
    AUTO(free_bio) BIO *der = BIO_new(BIO_s_mem());
    assert(pem != NULL && der != NULL);
    REQUIRE(scope,
            PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                i2d_X509_bio(der, certificate) == 1,
            INTERNAL, "x509.make");
    TRY(x509_read(scope, copy_of_bio(scope->arena, der), ret));
    ret_key_pem->bytes = copy_of_bio(scope->arena, pem);
    return OK_RESULT;
}

result x509_make(struct scope *scope, const struct x509_wish *wish, struct secret *ret_key_pem,
                 struct x509 *ret) {
    assert(wish->bits >= 2048 && wish->bits <= 8192 && wish->not_before_us < wish->not_after_us);
    assert(wish->common_name.len > 0 && wish->common_name.len <= ub_common_name);
    AUTO(free_key) EVP_PKEY *key = EVP_RSA_gen((unsigned) wish->bits);
    AUTO(free_certificate) X509 *certificate = X509_new();
    REQUIRE(scope, key != NULL && certificate != NULL && fill(scope, wish, key, certificate),
            INTERNAL, "x509.make");
    return encode(scope, key, certificate, ret_key_pem, ret);
}

result x509_verify_rsa_sha256(struct scope *scope, struct str der, struct str bytes,
                              struct str signature) {
    AUTO(free_certificate) X509 *certificate = decode(der);
    REQUIRE(scope, certificate != NULL, INVALID, "x509.malformed");
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    REQUIRE(scope, key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA, UNAUTHENTICATED,
            "x509.signature");
    AUTO(free_digest) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    assert(digest != NULL);
    REQUIRE(scope,
            EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(digest, (const unsigned char *) signature.at, signature.len,
                                 (const unsigned char *) bytes.at, bytes.len) == 1,
            UNAUTHENTICATED, "x509.signature");
    return OK_RESULT;
}
