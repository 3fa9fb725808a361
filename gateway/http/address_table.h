#pragma once
/* How many connections each client address holds, over all shards: touched at accept and close
 * only. */

#include <stdbool.h>
#include <stddef.h>

struct address_table;

/* Room for `capacity` connections at a time, at most `limit` per address (a /64 for IPv6). */
struct address_table *address_table_new(size_t capacity, size_t limit);
void address_table_free(struct address_table **table);
/* False: this address, or the table, is full. Any thread. */
bool address_table_enter(struct address_table *table, const unsigned char address[16]);
void address_table_leave(struct address_table *table, const unsigned char address[16]);
