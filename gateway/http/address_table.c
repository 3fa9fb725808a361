#include "gateway/http/address_table.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 16 };

struct address_slot {
    unsigned char key[KEY_BYTES];
    size_t count; /* 0: free */
};

struct address_table {
    pthread_mutex_t mutex;
    size_t slots; /* a power of two, at least twice the capacity */
    size_t used, capacity, limit;
    struct address_slot *at;
};

/* IPv4 whole; of IPv6 the /64, since one customer has a whole one. */
static void make_key(const unsigned char address[KEY_BYTES], unsigned char key[KEY_BYTES]) {
    static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memcpy(key, address, KEY_BYTES);
    if (memcmp(address, MAPPED, sizeof MAPPED) != 0) {
        memset(key + 8, 0, 8);
    }
}

/* FNV-1a; an attacker who collides slots gains a longer probe over at most `slots` entries. */
static size_t home_slot(const struct address_table *table, const unsigned char key[KEY_BYTES]) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < KEY_BYTES; i++) {
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t) (hash ^ (hash >> 32)) & (table->slots - 1);
}

/* The slot of the key, or the free one where it would stand. */
static size_t find_slot(const struct address_table *table, const unsigned char key[KEY_BYTES]) {
    size_t slot = home_slot(table, key);
    while (table->at[slot].count > 0 && memcmp(table->at[slot].key, key, KEY_BYTES) != 0) {
        slot = (slot + 1) & (table->slots - 1);
    }
    return slot;
}

/* Linear probing without tombstones: what stands behind the hole moves up. */
static void close_hole(struct address_table *table, size_t hole) {
    const size_t mask = table->slots - 1;
    for (size_t slot = (hole + 1) & mask; table->at[slot].count > 0; slot = (slot + 1) & mask) {
        const size_t home = home_slot(table, table->at[slot].key);
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            table->at[hole] = table->at[slot];
            table->at[slot].count = 0;
            hole = slot;
        }
    }
}

struct address_table *address_table_new(size_t capacity, size_t limit) {
    struct address_table *table = calloc(1, sizeof *table);
    assert(table != NULL);
    (void) pthread_mutex_init(&table->mutex, NULL);
    table->capacity = capacity;
    table->limit = limit;
    table->slots = 16;
    while (table->slots < 2 * capacity) {
        table->slots *= 2;
    }
    table->at = calloc(table->slots, sizeof *table->at);
    assert(table->at != NULL);
    return table;
}

void address_table_free(struct address_table **table) {
    if (*table != NULL) {
        (void) pthread_mutex_destroy(&(*table)->mutex);
        free((*table)->at);
        free(*table);
        *table = NULL;
    }
}

bool address_table_enter(struct address_table *table, const unsigned char address[16]) {
    unsigned char key[KEY_BYTES];
    make_key(address, key);
    (void) pthread_mutex_lock(&table->mutex);
    struct address_slot *slot = &table->at[find_slot(table, key)];
    const bool has_room = slot->count < table->limit && table->used < table->capacity;
    if (has_room) {
        memcpy(slot->key, key, KEY_BYTES);
        slot->count++;
        table->used++;
    }
    (void) pthread_mutex_unlock(&table->mutex);
    return has_room;
}

void address_table_leave(struct address_table *table, const unsigned char address[16]) {
    unsigned char key[KEY_BYTES];
    make_key(address, key);
    (void) pthread_mutex_lock(&table->mutex);
    const size_t at = find_slot(table, key);
    assert(table->at[at].count > 0);
    table->used--;
    if (--table->at[at].count == 0) {
        close_hole(table, at);
    }
    (void) pthread_mutex_unlock(&table->mutex);
}
