#pragma once
/* A shard's slice of checked credentials, bounded; the least recently used one makes room. One
 * thread. Found by the hash of the presented secret, dropped by whatever a revocation names. */

#include <stdint.h>

#include "gateway/kept_principal.h"

struct session_cache;

struct session_cache *session_cache_new(size_t max_entries);
void session_cache_free(struct session_cache **cache);
/* NULL: not there, or checked before `not_before_boot_us`. The cache keeps its reference. */
struct kept_principal *session_cache_find(struct session_cache *cache, struct str token_hash,
                                          int64_t not_before_boot_us);
/* Takes a reference of its own; replaces what was known under this token_hash. */
void session_cache_put(struct session_cache *cache, struct kept_principal *kept,
                       int64_t checked_boot_us);
void session_cache_drop(struct session_cache *cache, struct str token_hash);
/* Everything that the revocation ends. */
void session_cache_revoke(struct session_cache *cache, const struct revocation *row);
void session_cache_clear(struct session_cache *cache);
size_t session_cache_count(const struct session_cache *cache);
