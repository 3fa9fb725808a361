#pragma once
/* Prepared statements of one connection, sorted by name. */

#include <stdbool.h>
#include <stddef.h>

struct statement;

struct cached_statement {
    char *name;
    char *sql;
    void *handle; /* the engine's; NULL on PostgreSQL, which knows it by name */
};

struct statement_cache {
    struct cached_statement *entries;
    size_t count, capacity;
    void (*drop)(void *handle); /* NULL: nothing to free */
};

/* NULL when absent. An entry of that name with another text is no hit. */
struct cached_statement *statement_cache_find(const struct statement_cache *cache,
                                              const struct statement *statement);
/* Takes the handle; replaces an entry of the same name. */
void statement_cache_put(struct statement_cache *cache, const struct statement *statement,
                         void *handle);
bool statement_cache_has_name(const struct statement_cache *cache, const char *name);
void statement_cache_clear(struct statement_cache *cache);
