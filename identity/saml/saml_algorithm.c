#include "identity/saml/saml_algorithm.h"

struct name {
    struct str uri;
    int value;
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define DSIG         "http://www.w3.org/2000/09/xmldsig#"
#define DSIG_MORE    "http://www.w3.org/2001/04/xmldsig-more#"
#define XENC         "http://www.w3.org/2001/04/xmlenc#"
#define XENC11       "http://www.w3.org/2009/xmlenc11#"

static const struct name SIGNATURES[] = {
    {STR_INIT(DSIG_MORE "rsa-sha256"), SIGNATURE_RSA_SHA256},
    {STR_INIT(DSIG_MORE "rsa-sha384"), SIGNATURE_RSA_SHA384},
    {STR_INIT(DSIG_MORE "rsa-sha512"), SIGNATURE_RSA_SHA512},
    {STR_INIT(DSIG_MORE "ecdsa-sha256"), SIGNATURE_ECDSA_SHA256},
    {STR_INIT(DSIG_MORE "ecdsa-sha384"), SIGNATURE_ECDSA_SHA384},
    {STR_INIT(DSIG "rsa-sha1"), SIGNATURE_RSA_SHA1},
};
static const struct name DIGESTS[] = {
    {STR_INIT(XENC "sha256"), OAEP_SHA256},
    {STR_INIT(DSIG_MORE "sha384"), OAEP_SHA384},
    {STR_INIT(XENC "sha512"), OAEP_SHA512},
    {STR_INIT(DSIG "sha1"), OAEP_SHA1},
};
static const struct name MASKS[] = {
    {STR_INIT(XENC11 "mgf1sha1"), OAEP_SHA1},
    {STR_INIT(XENC11 "mgf1sha256"), OAEP_SHA256},
    {STR_INIT(XENC11 "mgf1sha384"), OAEP_SHA384},
    {STR_INIT(XENC11 "mgf1sha512"), OAEP_SHA512},
};
static const struct name CIPHERS[] = {
    {STR_INIT(XENC11 "aes128-gcm"), SAML_AES128_GCM},
    {STR_INIT(XENC11 "aes192-gcm"), SAML_AES192_GCM},
    {STR_INIT(XENC11 "aes256-gcm"), SAML_AES256_GCM},
    {STR_INIT(XENC "aes128-cbc"), SAML_AES128_CBC},
    {STR_INIT(XENC "aes256-cbc"), SAML_AES256_CBC},
};

static bool find(const struct name *names, size_t count, struct str uri, int *ret) {
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i].uri, uri)) {
            *ret = names[i].value;
            return true;
        }
    }
    return false;
}

bool saml_algorithm_signature(struct str uri, bool is_sha1_allowed, enum signature_kind *ret) {
    int value = 0;
    if (!find(SIGNATURES, COUNT(SIGNATURES), uri, &value) ||
        (value == SIGNATURE_RSA_SHA1 && !is_sha1_allowed)) {
        return false;
    }
    *ret = (enum signature_kind) value;
    return true;
}

bool saml_algorithm_is_digest(struct str uri, bool is_sha1_allowed) {
    int value = 0;
    return find(DIGESTS, COUNT(DIGESTS), uri, &value) && (value != OAEP_SHA1 || is_sha1_allowed);
}

bool saml_algorithm_is_c14n(struct str uri) {
    return str_eq(uri, STR(C14N_EXCLUSIVE)) || str_eq(uri, STR(C14N_INCLUSIVE));
}

bool saml_algorithm_is_other_c14n(struct str uri) {
    return !saml_algorithm_is_c14n(uri) &&
           (str_has_prefix(uri, STR(C14N_EXCLUSIVE)) || str_has_prefix(uri, STR(C14N_INCLUSIVE)) ||
            str_has_prefix(uri, STR("http://www.w3.org/2006/12/xml-c14n11")));
}

bool saml_algorithm_cipher(struct str uri, enum saml_cipher_kind *ret) {
    int value = 0;
    if (!find(CIPHERS, COUNT(CIPHERS), uri, &value)) {
        return false;
    }
    *ret = (enum saml_cipher_kind) value;
    return true;
}

bool saml_cipher_is_cbc(enum saml_cipher_kind kind) {
    return kind == SAML_AES128_CBC || kind == SAML_AES256_CBC;
}

size_t saml_cipher_key_bytes(enum saml_cipher_kind kind) {
    switch (kind) {
    case SAML_AES128_GCM:
    case SAML_AES128_CBC: return 16;
    case SAML_AES192_GCM: return 24;
    case SAML_AES256_GCM:
    case SAML_AES256_CBC: break;
    }
    return 32;
}

bool saml_algorithm_is_oaep(struct str uri) {
    return str_eq(uri, STR(XENC "rsa-oaep-mgf1p"));
}

bool saml_algorithm_is_oaep11(struct str uri) {
    return str_eq(uri, STR(XENC11 "rsa-oaep"));
}

static bool find_digest(const struct name *names, size_t count, struct str uri,
                        enum oaep_digest *ret) {
    int value = 0;
    if (!find(names, count, uri, &value)) {
        return false;
    }
    *ret = (enum oaep_digest) value;
    return true;
}

bool saml_algorithm_oaep_digest(struct str uri, enum oaep_digest *ret) {
    return find_digest(DIGESTS, COUNT(DIGESTS), uri, ret);
}

bool saml_algorithm_oaep_mask(struct str uri, enum oaep_digest *ret) {
    return find_digest(MASKS, COUNT(MASKS), uri, ret);
}
