#include "base/statement_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/db.h"

/* The first position whose name is not below the wanted one. */
static size_t lower_bound(const struct statement_cache *cache, const char *name) {
    size_t low = 0;
    size_t high = cache->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(cache->entries[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct statement_cache *cache, size_t at, const char *name) {
    return at < cache->count && strcmp(cache->entries[at].name, name) == 0;
}

struct cached_statement *statement_cache_find(const struct statement_cache *cache,
                                              const struct statement *statement) {
    const size_t at = lower_bound(cache, statement->name);
    if (!is_at(cache, at, statement->name) || strcmp(cache->entries[at].sql, statement->sql) != 0) {
        return NULL;
    }
    return &cache->entries[at];
}

bool statement_cache_has_name(const struct statement_cache *cache, const char *name) {
    return is_at(cache, lower_bound(cache, name), name);
}

static char *copy_text(const char *text) {
    char *copy = strdup(text);
    if (copy == NULL) {
        abort();
    }
    return copy;
}

static void entry_free(struct statement_cache *cache, struct cached_statement *entry) {
    if (cache->drop != NULL) {
        cache->drop(entry->handle);
    }
    free(entry->name);
    free(entry->sql);
}

static void grow(struct statement_cache *cache) {
    if (cache->count < cache->capacity) {
        return;
    }
    cache->capacity = cache->capacity == 0 ? 64 : cache->capacity * 2;
    cache->entries = reallocarray(cache->entries, cache->capacity, sizeof *cache->entries);
    if (cache->entries == NULL) {
        abort();
    }
}

void statement_cache_put(struct statement_cache *cache, const struct statement *statement,
                         void *handle) {
    const size_t at = lower_bound(cache, statement->name);
    if (is_at(cache, at, statement->name)) {
        entry_free(cache, &cache->entries[at]);
    } else {
        grow(cache);
        memmove(&cache->entries[at + 1], &cache->entries[at],
                (cache->count - at) * sizeof *cache->entries);
        cache->count++;
    }
    cache->entries[at] = (struct cached_statement){
        .name = copy_text(statement->name), .sql = copy_text(statement->sql), .handle = handle};
}

void statement_cache_clear(struct statement_cache *cache) {
    for (size_t i = 0; i < cache->count; i++) {
        entry_free(cache, &cache->entries[i]);
    }
    free(cache->entries);
    cache->entries = NULL;
    cache->count = 0;
    cache->capacity = 0;
}
