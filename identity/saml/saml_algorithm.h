#pragma once
/* The algorithms that may be used, by their names in XML. What is not here cannot be switched on:
 * HMAC, MD5, DSA, RSA-1.5, 3DES. */

#include <stdbool.h>

#include "base/oaep.h"
#include "base/public_key.h"

#define C14N_INCLUSIVE      "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define C14N_EXCLUSIVE      "http://www.w3.org/2001/10/xml-exc-c14n#"
#define TRANSFORM_ENVELOPED "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

enum saml_cipher_kind {
    SAML_AES128_GCM,
    SAML_AES192_GCM,
    SAML_AES256_GCM,
    SAML_AES128_CBC,
    SAML_AES256_CBC
};

/* False: not in the list. */
bool saml_algorithm_signature(struct str uri, bool is_sha1_allowed, enum signature_kind *ret);
bool saml_algorithm_is_digest(struct str uri, bool is_sha1_allowed);
bool saml_algorithm_is_c14n(struct str uri);
/* One of the other canonicalisations (with comments, 1.1). */
bool saml_algorithm_is_other_c14n(struct str uri);
bool saml_algorithm_cipher(struct str uri, enum saml_cipher_kind *ret);
bool saml_cipher_is_cbc(enum saml_cipher_kind kind);
size_t saml_cipher_key_bytes(enum saml_cipher_kind kind);
/* Key transport: RSA-OAEP of XML Encryption 1.0 (the mask is always SHA-1 there) and 1.1. */
bool saml_algorithm_is_oaep(struct str uri);
bool saml_algorithm_is_oaep11(struct str uri);
bool saml_algorithm_oaep_digest(struct str uri, enum oaep_digest *ret);
bool saml_algorithm_oaep_mask(struct str uri, enum oaep_digest *ret);
