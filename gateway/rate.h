#pragma once
/* How often one client address may call, by the limits of the route table: a token bucket per
 * (limit, address) in a table of fixed size. A bucket that is pushed out by another address starts
 * full again: the table bounds memory, not the precision. One thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct rate_table;

struct rate_table *rate_table_new(void);
void rate_table_free(struct rate_table **table);
/* False: refused, *ret_retry_after_s says for how long. `per_minute` 0: no limit. A burst of a
 * quarter of a minute's calls is allowed. */
bool rate_take(struct rate_table *table, char limit, struct str address, unsigned per_minute,
               int64_t now_boot_us, int64_t *ret_retry_after_s);
