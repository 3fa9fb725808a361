#pragma once
/* A hash index over structs that carry their own links: the session cache and the live sockets are
 * found by several keys at once. Keys are 64-bit hashes of ids that we made ourselves; whoever
 * acts on a hit compares the ids too. One thread. */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct index_link {
    struct index_link *next, **slot; /* slot NULL: in no index */
    uint64_t key;
};

struct index {
    struct index_link **buckets;
    size_t mask, count;
};

void index_open(struct index *index);
void index_close(struct index *index);
void index_add(struct index *index, struct index_link *link, uint64_t key);
/* Nothing happens when it is in no index. */
void index_remove(struct index *index, struct index_link *link);
/* The first link with this key, and the next one behind it; NULL: none. */
struct index_link *index_find(const struct index *index, uint64_t key);
struct index_link *index_next(const struct index_link *link);

/* The key of an id within its organisation; `tag` tells what kind of id it is. */
uint64_t index_key(char tag, struct str org_id, struct str id);

#define CONTAINER(link, type, member) ((type *) (void *) ((char *) (link) -offsetof(type, member)))
