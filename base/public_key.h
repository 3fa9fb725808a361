#pragma once
/* Public keys out of X.509 certificates: who issued one and whether it has expired is the caller's
 * business. */

#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum public_key_kind { PUBLIC_KEY_RSA, PUBLIC_KEY_P256, PUBLIC_KEY_P384, PUBLIC_KEY_OTHER };
enum signature_kind {
    SIGNATURE_RSA_SHA1,
    SIGNATURE_RSA_SHA256, /* PKCS #1 v1.5 */
    SIGNATURE_RSA_SHA384,
    SIGNATURE_RSA_SHA512,
    SIGNATURE_ECDSA_SHA256,
    SIGNATURE_ECDSA_SHA384
};

struct public_key;

struct certificate {
    int64_t not_before_us, not_after_us;
    enum public_key_kind kind;
    int bits;
    struct str subject_public_key; /* DER of SubjectPublicKeyInfo */
};

/* DER, nothing behind it. INVALID "certificate.malformed". */
RESULT certificate_read(struct scope *scope, struct str der, struct certificate *ret);
/* The same, opened for use; the caller closes it. */
RESULT public_key_open(struct scope *scope, struct str certificate_der, struct public_key **ret);
void public_key_close(struct public_key **key);
/* RSA of 2048 to 8192 bits, P-256 or P-384. */
bool certificate_is_strong(const struct certificate *certificate);
/* ECDSA signatures in either usual form: r and s side by side (XML signatures), or DER. False also
 * when key and kind do not fit. */
bool public_key_verifies(const struct public_key *key, enum signature_kind kind, struct str bytes,
                         struct str signature);
