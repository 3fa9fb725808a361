#pragma once
/* Our own keys for private_key_jwt (RFC 7523), one pair per connection: with a shared key a hostile
 * provider could obtain an assertion that is valid elsewhere. The first of the list signs; one
 * older key stays published until the next rotation. */

#include "identity/connection.h"
#include "identity/oidc/jwk.h"

enum { CLIENT_KEYS_MAX = 2 };

struct client_keys {
    size_t count;
    struct {
        struct secret pkcs8;
        struct jwk jwk; /* kid: the thumbprint */
    } keys[CLIENT_KEYS_MAX];
};

RESULT client_keys_read(struct scope *scope, struct secret text, struct client_keys *ret);
/* A new key in front of the newest of `old` (may be empty), as text to be sealed. */
RESULT client_keys_rotate(struct scope *scope, enum jose_alg alg, struct secret old,
                          struct secret *ret);
/* A signed assertion for this provider: aud is its issuer, valid for 60 s. */
RESULT client_assertion(struct scope *scope, const struct client_keys *keys,
                        const struct oidc_settings *settings, struct str *ret);
