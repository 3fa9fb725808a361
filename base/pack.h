#pragma once
/* Values in a row, for lists inside one field of a frame. One function describes a struct for both
 * directions, so that writer and reader cannot differ:
 *
 *     static void pack_point(struct pack *pack, struct point *point) {
 *         pack_number(pack, &point->x, 0, 100);
 *         pack_text(pack, &point->name, 64);
 *     }
 *
 * A value out of its range makes the whole row wrong, in both directions: pack_end says so. What is
 * read until then is bounded, so that a loop over a count that was read is safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

struct pack {
    struct arena *arena;
    bool is_reading, is_wrong;
    struct strbuf out;
    struct str in;
};

struct pack pack_write(struct arena *arena, size_t limit_bytes);
/* Texts that are read are slices of `bytes`. */
struct pack pack_read(struct arena *arena, struct str bytes);

void pack_bool(struct pack *pack, bool *value);
void pack_number(struct pack *pack, int64_t *value, int64_t min, int64_t max);
void pack_count(struct pack *pack, size_t *value, size_t max);
/* Valid UTF-8 without NUL. */
void pack_text(struct pack *pack, struct str *value, size_t max);
void pack_bytes(struct pack *pack, struct str *value, size_t max);
/* A list of a known number of texts; reading makes the array. */
void pack_texts(struct pack *pack, struct str **values, size_t count, size_t max);

/* INVALID "pack.wrong": a value out of its range, a limit, bytes left over. Writing gives the row.
 */
RESULT pack_end(struct scope *scope, const struct pack *pack, struct str *ret);
