#pragma once
/* argon2id by libsodium, 19 MiB and 2 passes (16 ms a core): only in the CPU lane. */

#include "base/result.h"
#include "base/secret.h"

enum { PASSWORD_MIN_BYTES = 10, PASSWORD_MAX_BYTES = 1024 };

/* INVALID "password.length". *ret is the self-describing hash text. */
RESULT password_hash(struct scope *scope, struct secret password, struct str *ret);
/* UNAUTHENTICATED "password.mismatch". An empty hash takes the same time and always fails, so that
 * unknown accounts cannot be told from wrong passwords. */
RESULT password_verify(struct scope *scope, struct secret password, struct str hash);
bool password_needs_rehash(struct str hash);
