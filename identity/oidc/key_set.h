#pragma once
/* The opened keys of one provider: immutable, reference counted, swapped as a whole. */

#include "identity/oidc/jwk.h"
#include "identity/oidc/jwt.h"

struct key_set;

enum { KEY_SET_MAX_TRIES = 3 };

/* Opens every key of the set that can be opened. One reference for the caller. */
struct key_set *key_set_new(struct scope *scope, struct jose *jose, const struct jwk_set *jwks);
struct key_set *key_set_retain(struct key_set *set);
/* Use as AUTO(key_set_release). */
void key_set_release(struct key_set **set);
size_t key_set_count(const struct key_set *set);
/* Tries the keys that fit the algorithm and, if the token has one, the key id; at most 3.
 * UNAUTHENTICATED "jwt.key_unknown" when none fits, "jwt.signature". */
RESULT key_set_verify(struct scope *scope, const struct key_set *set, const struct jwt *jwt);
