#pragma once
/* The statement behind db_generation: for a step of a db_call. */

#include "base/db.h"

extern const struct statement_list GENERATION_STATEMENTS;

/* One row, one text. */
const struct statement *generation_statement(enum engine engine);
