#pragma once
/* Secrets have a type of their own; no log or JSON function accepts it. */

#include <stdbool.h>

#include "base/str.h"

struct secret {
    struct str bytes;
};

/* Length first, then without data-dependent time. */
bool secret_equal(struct str a, struct str b);
