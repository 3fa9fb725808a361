#include "base/secret.h"

#include <openssl/crypto.h>

bool secret_equal(struct str a, struct str b) {
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}
