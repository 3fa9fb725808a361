#include "gateway/session_cache.h"

#include <stdlib.h>

#include "gateway/index.h"

enum by { BY_TOKEN, BY_USER, BY_CREDENTIAL, BY_CONNECTION, BY_ORG, BY_COUNT };

struct entry {
    struct index_link links[BY_COUNT];
    struct entry *newer, *older;
    struct kept_principal *kept;
    int64_t checked_boot_us;
};

struct session_cache {
    struct index by[BY_COUNT];
    struct entry *newest, *oldest;
    size_t count, max;
};

struct session_cache *session_cache_new(size_t max_entries) {
    struct session_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        abort();
    }
    cache->max = max_entries == 0 ? 1 : max_entries;
    for (size_t i = 0; i < BY_COUNT; i++) {
        index_open(&cache->by[i]);
    }
    return cache;
}

static void age_out(struct session_cache *cache, struct entry *entry) {
    *(entry->newer == NULL ? &cache->newest : &entry->newer->older) = entry->older;
    *(entry->older == NULL ? &cache->oldest : &entry->older->newer) = entry->newer;
}

static void age_in(struct session_cache *cache, struct entry *entry) {
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest == NULL ? &cache->oldest : &cache->newest->newer) = entry;
    cache->newest = entry;
}

static void entry_drop(struct session_cache *cache, struct entry *entry) {
    for (size_t i = 0; i < BY_COUNT; i++) {
        index_remove(&cache->by[i], &entry->links[i]);
    }
    age_out(cache, entry);
    kept_principal_unref(&entry->kept);
    free(entry);
    cache->count--;
}

void session_cache_free(struct session_cache **cache) {
    if (*cache == NULL) {
        return;
    }
    session_cache_clear(*cache);
    for (size_t i = 0; i < BY_COUNT; i++) {
        index_close(&(*cache)->by[i]);
    }
    free(*cache);
    *cache = NULL;
}

static uint64_t token_key(struct str token_hash) {
    return index_key('t', STR(""), token_hash);
}

/* The link that has this token, not just its key. */
static struct entry *entry_of(const struct session_cache *cache, struct str token_hash) {
    struct index_link *link = index_find(&cache->by[BY_TOKEN], token_key(token_hash));
    for (; link != NULL; link = index_next(link)) {
        struct entry *entry = CONTAINER(link, struct entry, links[BY_TOKEN]);
        if (str_eq(entry->kept->value.token_hash, token_hash)) {
            return entry;
        }
    }
    return NULL;
}

struct kept_principal *session_cache_find(struct session_cache *cache, struct str token_hash,
                                          int64_t not_before_boot_us) {
    struct entry *entry = entry_of(cache, token_hash);
    if (entry == NULL || entry->checked_boot_us < not_before_boot_us) {
        return NULL;
    }
    age_out(cache, entry);
    age_in(cache, entry);
    return entry->kept;
}

void session_cache_put(struct session_cache *cache, struct kept_principal *kept,
                       int64_t checked_boot_us) {
    session_cache_drop(cache, kept->value.token_hash);
    if (cache->count == cache->max) {
        entry_drop(cache, cache->oldest);
    }
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        abort();
    }
    entry->kept = kept_principal_ref(kept);
    entry->checked_boot_us = checked_boot_us;
    index_add(&cache->by[BY_TOKEN], &entry->links[BY_TOKEN], token_key(kept->value.token_hash));
    index_add(&cache->by[BY_USER], &entry->links[BY_USER], kept->keys.user);
    index_add(&cache->by[BY_CREDENTIAL], &entry->links[BY_CREDENTIAL], kept->keys.credential);
    index_add(&cache->by[BY_CONNECTION], &entry->links[BY_CONNECTION], kept->keys.connection);
    index_add(&cache->by[BY_ORG], &entry->links[BY_ORG], kept->keys.org);
    age_in(cache, entry);
    cache->count++;
}

void session_cache_drop(struct session_cache *cache, struct str token_hash) {
    struct entry *entry = entry_of(cache, token_hash);
    if (entry != NULL) {
        entry_drop(cache, entry);
    }
}

static enum by by_of(enum revocation_kind kind) {
    switch (kind) {
    case REVOKED_USER: return BY_USER;
    case REVOKED_SESSION: return BY_CREDENTIAL;
    case REVOKED_TOKEN: return BY_CREDENTIAL;
    case REVOKED_CONNECTION: return BY_CONNECTION;
    case REVOKED_ORG: return BY_ORG;
    case REVOCATION_KIND_COUNT: break;
    }
    return BY_ORG;
}

void session_cache_revoke(struct session_cache *cache, const struct revocation *row) {
    const enum by by = by_of(row->kind);
    struct index_link *link = index_find(&cache->by[by], subject_key_of_revocation(row));
    while (link != NULL) {
        struct entry *entry =
            (struct entry *) (void *) ((char *) (link - by) - offsetof(struct entry, links));
        link = index_next(link);
        if (revocation_hits(row, &entry->kept->value)) {
            entry_drop(cache, entry);
        }
    }
}

void session_cache_clear(struct session_cache *cache) {
    while (cache->oldest != NULL) {
        entry_drop(cache, cache->oldest);
    }
}

size_t session_cache_count(const struct session_cache *cache) {
    return cache->count;
}
