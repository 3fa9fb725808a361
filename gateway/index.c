#include "gateway/index.h"

#include <stdlib.h>

enum { INDEX_FIRST_BUCKETS = 64 };

static struct index_link **buckets_new(size_t count) {
    struct index_link **buckets = calloc(count, sizeof(struct index_link *));
    if (buckets == NULL) {
        abort();
    }
    return buckets;
}

void index_open(struct index *index) {
    *index = (struct index){buckets_new(INDEX_FIRST_BUCKETS), INDEX_FIRST_BUCKETS - 1, 0};
}

void index_close(struct index *index) {
    free((void *) index->buckets);
    *index = (struct index){NULL, 0, 0};
}

static void link_in(struct index_link **bucket, struct index_link *link) {
    link->next = *bucket;
    if (link->next != NULL) {
        link->next->slot = &link->next;
    }
    link->slot = bucket;
    *bucket = link;
}

static void grow(struct index *index) {
    const size_t old_count = index->mask + 1;
    struct index_link **old = index->buckets;
    index->buckets = buckets_new(2 * old_count);
    index->mask = 2 * old_count - 1;
    for (size_t i = 0; i < old_count; i++) {
        struct index_link *link = old[i];
        while (link != NULL) {
            struct index_link *next = link->next;
            link_in(&index->buckets[link->key & index->mask], link);
            link = next;
        }
    }
    free((void *) old);
}

void index_add(struct index *index, struct index_link *link, uint64_t key) {
    if (index->count >
        2 * (index->mask + 1)) { /* two to a bucket: memory counts more than a step */
        grow(index);
    }
    link->key = key;
    link_in(&index->buckets[key & index->mask], link);
    index->count++;
}

void index_remove(struct index *index, struct index_link *link) {
    if (link->slot == NULL) {
        return;
    }
    *link->slot = link->next;
    if (link->next != NULL) {
        link->next->slot = link->slot;
    }
    link->slot = NULL;
    link->next = NULL;
    index->count--;
}

static struct index_link *same_key(struct index_link *link, uint64_t key) {
    while (link != NULL && link->key != key) {
        link = link->next;
    }
    return link;
}

struct index_link *index_find(const struct index *index, uint64_t key) {
    return same_key(index->buckets[key & index->mask], key);
}

struct index_link *index_next(const struct index_link *link) {
    return same_key(link->next, link->key);
}

/* FNV-1a with a final mix: the low bits choose the bucket. */
static uint64_t hash_add(uint64_t hash, struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char) text.at[i]) * UINT64_C(0x100000001b3);
    }
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

uint64_t index_key(char tag, struct str org_id, struct str id) {
    uint64_t hash = hash_add(UINT64_C(0xcbf29ce484222325), (struct str){&tag, 1});
    hash = hash_add(hash_add(hash, org_id), id);
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return hash ^ (hash >> 31);
}
