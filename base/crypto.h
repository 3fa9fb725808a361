#pragma once
/* The few primitives the product needs, on OpenSSL 3. */

#include <stdint.h>

#include "base/result.h"
#include "base/secret.h"
#include "base/str.h"

enum { SHA256_BYTES = 32, AEAD_KEY_BYTES = 32 };

struct str sha256(struct arena *arena, struct str bytes);
/* base64url of SHA-256: how tokens are stored. */
struct str sha256_text(struct arena *arena, struct str bytes);
struct str sha384(struct arena *arena, struct str bytes);
struct str sha512(struct arena *arena, struct str bytes);
struct str hmac_sha256(struct arena *arena, struct secret key, struct str bytes);

/* AES-256-GCM with a random 96-bit nonce: base64url(nonce | cipher text | tag). `context` is bound
 * in (which row and column): a value moved elsewhere does not open. */
RESULT seal(struct scope *scope, struct secret key, struct str context, struct str plain,
            struct str *ret);
/* INVALID "crypto.unseal" for anything that does not open. */
RESULT unseal(struct scope *scope, struct secret key, struct str context, struct str sealed,
              struct str *ret);

/* Standard base64 with padding, for HTTP Basic and PEM-like material. */
struct str base64_encode(struct arena *arena, struct str bytes);
RESULT base64_decode(struct scope *scope, struct str text, struct str *ret);
