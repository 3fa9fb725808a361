#pragma once
/* One row per table: who owns its rows, what kind of data they are, and what happens to them when a
 * person is cut off, erased or exported. Each folder exports its rows; the gateway joins them. A
 * test compares the joined list with the live schema of both engines. */

#include <stddef.h>

#include "base/db.h"

enum data_class {
    DATA_TECHNICAL,  /* no person in it */
    DATA_IDENTIFIER, /* ids that point at people */
    DATA_PROFILE,    /* names, addresses */
    DATA_CREDENTIAL, /* hashes, sealed secrets */
    DATA_CONTENT,    /* what people wrote */
    DATA_RECORD      /* audit, receipts */
};

enum erase_rule { ERASE_DELETE, ERASE_ANONYMISE, ERASE_KEEP };
enum export_rule { EXPORT_ORG, EXPORT_PARTICIPANT, EXPORT_SELF, EXPORT_NEVER };

/* What the rows that a deactivation removes are called in its receipt. */
enum counted_as { COUNTED_NOT, COUNTED_SESSIONS, COUNTED_TOKENS };

struct table_rule {
    const char *table;
    const char *owner_column; /* "org_id"; NULL: an installation table */
    const char *user_column;  /* NULL: not a person's */
    const char *key_columns;  /* "org_id, id" */
    enum data_class data_class;
    const char *retention; /* in words: "until revoked or expired" */
    enum erase_rule erase;
    const char *keep_reason; /* for ERASE_KEEP and ERASE_ANONYMISE */
    enum export_rule export;
    /* Run inside the revoking transaction with $1 org_id, $2 user_id (nothing else): deletes or
     * hands over what the leaver holds. NULL: nothing to do. */
    const struct statement *on_deactivation;
    enum counted_as counted_as;
};

struct table_rule_list {
    const struct table_rule *rules;
    size_t count;
};

struct table_registry {
    const struct table_rule_list *lists;
    size_t count;
};
