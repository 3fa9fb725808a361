#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 4096, LARGEST_GROWTH_BYTES = 256 * 1024 };

struct block {
    struct block *next;
    size_t capacity;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *newest;
    size_t used, first_bytes;
};

static struct block *block_new(size_t capacity) {
    assert(capacity <= SIZE_MAX - sizeof(struct block));
    struct block *block = calloc(1, sizeof *block + capacity);
    if (block == NULL) {
        (void) fputs("gatehouse: out of memory\n", stderr);
        abort();
    }
    block->capacity = capacity;
    return block;
}

static void block_wipe(struct block *block) {
    explicit_bzero(block->bytes, block->used);
    block->used = 0;
}

struct arena *arena_new_sized(size_t first_bytes) {
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL) {
        abort();
    }
    arena->first_bytes = first_bytes;
    return arena;
}

struct arena *arena_new(void) {
    return arena_new_sized(FIRST_BLOCK_BYTES);
}

void arena_reset(struct arena *arena) {
    struct block *block = arena->newest;
    while (block != NULL && block->next != NULL) {
        struct block *next = block->next;
        block_wipe(block);
        free(block);
        block = next;
    }
    if (block != NULL) {
        block_wipe(block);
    }
#ifdef ARENA_DEBUG
    free(block); /* it would have room for more than one allocation, the second out of line */
    block = NULL;
#endif
    arena->newest = block;
    arena->used = 0;
}

void arena_end(struct arena **arena) {
    struct arena *ended = *arena;
    if (ended == NULL) {
        return;
    }
    *arena = NULL; /* first: the handle may itself lie in the arena */
    arena_reset(ended);
    free(ended->newest);
    free(ended);
}

#ifdef ARENA_DEBUG
/* A block of its own for each allocation, so that sanitizers see overruns and use after the end. */
static size_t block_capacity(const struct arena *arena, size_t size) {
    (void) arena;
    return size;
}
#else
static size_t block_capacity(const struct arena *arena, size_t size) {
    size_t capacity = arena->newest == NULL ? arena->first_bytes : arena->newest->capacity * 2;
    if (capacity > LARGEST_GROWTH_BYTES) {
        capacity = LARGEST_GROWTH_BYTES;
    }
    return size > capacity ? size : capacity;
}
#endif

void *arena_alloc(struct arena *arena, size_t size) {
    const size_t alignment = alignof(max_align_t);
    assert(size <= SIZE_MAX - 2 * alignment);
    const size_t rounded = size == 0 ? alignment : (size + alignment - 1) / alignment * alignment;
#ifdef ARENA_DEBUG
    const size_t taken = size == 0 ? 1 : size;
#else
    const size_t taken = rounded;
#endif
    struct block *block = arena->newest;
    if (block == NULL || block->capacity - block->used < taken) {
        block = block_new(block_capacity(arena, taken));
        block->next = arena->newest;
        arena->newest = block;
    }
    void *bytes = block->bytes + block->used;
    block->used += taken;
    arena->used += rounded;
    return bytes;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size) {
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        abort();
    }
    return arena_alloc(arena, total);
}

size_t arena_used(const struct arena *arena) {
    return arena->used;
}
