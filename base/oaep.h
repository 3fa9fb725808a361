#pragma once
/* RSA-OAEP (RFC 8017 section 7.1): opens a wrapped key with a private key of ours. */

#include "base/result.h"
#include "base/secret.h"

enum oaep_digest { OAEP_SHA1, OAEP_SHA256, OAEP_SHA384, OAEP_SHA512 };

/* With an empty label. UNAUTHENTICATED "oaep.open" for anything that does not open, a key that is
 * none included: nobody may learn which. */
RESULT oaep_open(struct scope *scope, struct secret key_pem, enum oaep_digest digest,
                 enum oaep_digest mask, struct str wrapped, struct secret *ret);
/* Wraps and opens with a key made for it, whole and damaged, for each pair of digests: INTERNAL
 * "oaep.self_test". */
RESULT oaep_self_test(struct scope *scope);
