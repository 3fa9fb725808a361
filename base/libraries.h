#pragma once
/* Which libraries this process runs with: what was loaded, not what was compiled against. */

#include <stddef.h>

struct arena;

struct library {
    const char *name, *version;
};

const struct library *library_versions(struct arena *arena, size_t *ret_count);
