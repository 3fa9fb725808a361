#pragma once
/* Certificates as containers of public keys: read, made for ourselves, written as PEM. No chain is
 * built and no issuer believed here. */

#include <stdint.h>

#include "base/secret.h"

enum x509_key { X509_RSA, X509_EC_P256, X509_EC_P384, X509_OTHER_KEY };

struct x509 {
    struct str der;
    enum x509_key key;
    int bits;                            /* of the key */
    int64_t not_before_us, not_after_us; /* both inclusive; before 1970 negative */
    struct str fingerprint;              /* SHA-256 of the DER, lower-case hex */
};

/* One certificate and nothing behind it: INVALID "x509.malformed". */
RESULT x509_read(struct scope *scope, struct str der, struct x509 *ret);
/* One PEM block of a certificate, blanks around it: INVALID "x509.malformed". */
RESULT x509_read_pem(struct scope *scope, struct str pem, struct x509 *ret);
struct str x509_to_pem(struct arena *arena, struct str der);

/* An RSA key, PKCS#8 as PEM, and a certificate that it signs for itself (SHA-256). The name is
 * 1-64 bytes of UTF-8. Takes tens to hundreds of milliseconds. */
struct x509_wish {
    struct str common_name;
    int bits; /* 2048-8192 */
    int64_t not_before_us, not_after_us;
};
RESULT x509_make(struct scope *scope, const struct x509_wish *wish, struct secret *ret_key_pem,
                 struct x509 *ret);

/* RSA PKCS#1 v1.5 with SHA-256, by the key of the certificate: UNAUTHENTICATED "x509.signature". */
RESULT x509_verify_rsa_sha256(struct scope *scope, struct str der, struct str bytes,
                              struct str signature);
