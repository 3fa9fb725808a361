#pragma once
/* What doctor asks a database about itself. */

#include "base/db.h"

struct database_health {
    bool is_durable;  /* a commit that was confirmed survives a loss of power */
    int64_t clock_us; /* its wall clock; 0: it has none of its own */
};

RESULT doctor_store_read(struct scope *scope, struct db *db, struct database_health *ret);
