#pragma once
/* Numbered migrations, embedded in the binary, applied in order under a lock. A database newer than
 * the binary is refused. */

#include "base/db.h"

struct migration {
    int number;       /* unique over all folders; folders leave gaps: base 1-99, messaging 100-199,
                         identity 200-299, provisioning 300-399 */
    const char *name; /* "messaging: organisations and people" */
    /* Statements, NULL at the end. The same text on both engines. */
    const char *const *statements;
};

struct migration_list {
    const struct migration *migrations;
    size_t count;
};

/* Applies what is missing. *ret_applied counts. CONFLICT "migrate.newer": the database is from a
 * newer version. */
RESULT migrate_run(struct scope *scope, struct db *db, const struct migration_list *lists,
                   size_t count, int *ret_applied);
/* OK when nothing is missing; UNAVAILABLE "migrate.behind" otherwise. */
RESULT migrate_check(struct scope *scope, struct db *db, const struct migration_list *lists,
                     size_t count);
