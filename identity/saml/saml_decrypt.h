#pragma once
/* Encrypted elements: the parts that the gate checks, and the opening. What was decrypted is bytes
 * again, which pass the whole gate before anybody looks at them. */

#include "base/secret.h"
#include "identity/saml/saml_algorithm.h"
#include "identity/saml/saml_gate.h"

enum { SAML_DECRYPTION_KEYS_MAX = 2 };

/* Of EncryptedAssertion, EncryptedID or EncryptedAttribute: one EncryptedData, one EncryptedKey. */
struct saml_cipher {
    xmlNode *data;
    const xmlNode *key;
    const xmlNode *data_method, *key_method, *key_value; /* EncryptionMethod; CipherValue */
};

/* False: not exactly that. */
bool saml_cipher_parts(const xmlNode *container, struct saml_cipher *ret);
/* The names of the algorithms; false: one is not in the list. */
struct saml_cipher_names {
    enum saml_cipher_kind kind;
    enum oaep_digest digest, mask;
};
bool saml_cipher_names(const struct saml_cipher *cipher, struct saml_cipher_names *ret);

struct saml_decryption_keys {
    size_t count;
    struct secret pem[SAML_DECRYPTION_KEYS_MAX];
};

/* EncryptedData with its content key. False: it does not open. */
bool saml_decrypt_content(struct scope *scope, struct secret content_key, xmlNode *data,
                          struct str *ret);
/* Whatever goes wrong is saml.decrypt, the gate's refusal of the plaintext included. `gate->root`
 * says what has to come out. */
RESULT saml_decrypt(struct scope *scope, const struct saml_decryption_keys *keys,
                    const struct saml_cipher *cipher, const struct saml_gate *gate, xmlDoc **ret);
