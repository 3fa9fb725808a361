#pragma once
/* One arena per unit of work (request, job run, event batch, test): everything allocated from it
 * lives until arena_end, which zeroes it. Not thread-safe: an arena has one owner at a time. */

#include <stddef.h>

struct arena;

/* Never NULL; a process without memory aborts. */
struct arena *arena_new(void);
/* The first block, which a reset keeps, has room for so many bytes. */
struct arena *arena_new_sized(size_t first_bytes);
/* Zeroes and frees everything; accepts a pointer to NULL. Use as AUTO(arena_end). */
void arena_end(struct arena **arena);
/* Zeroes and forgets everything, keeps the first block for reuse. */
void arena_reset(struct arena *arena);

/* Zeroed bytes, aligned for any type; never NULL. A size of 0 gives a valid unique pointer. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
/* Bytes handed out since new or reset. */
size_t arena_used(const struct arena *arena);

#define NEW(arena, type)              ((type *) arena_alloc((arena), sizeof(type)))
#define NEW_ARRAY(arena, count, type) ((type *) arena_alloc_array((arena), (count), sizeof(type)))
