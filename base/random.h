#pragma once
/* Random bytes and the ids made from them. The only source is env->random. */

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

struct random {
    /* Fills the bytes; aborts the process when the kernel gives none. */
    void (*bytes)(const struct random *random, void *ret, size_t len);
};

const struct random *system_random(void);

/* A UUIDv7 (RFC 9562 section 5.7) in its 36-character text form, in time order. */
struct str uuid_v7(struct scope *scope);
/* `len` random bytes as unpadded base64url (RFC 4648 section 5). */
struct str random_token(struct scope *scope, size_t len);
/* True for the 36-character lower-case text form of a UUID. */
bool uuid_is_valid(struct str text);
