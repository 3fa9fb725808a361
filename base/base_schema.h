#pragma once
/* The tables of base itself. */

#include "base/migrate.h"

extern const struct migration_list BASE_MIGRATIONS;
