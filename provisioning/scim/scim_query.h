#pragma once
/* A filter as what the database can look up by an index, and what is left to be compared in
 * memory. */

#include "provisioning/scim/scim_filter.h"
#include "provisioning/scim/scim_user_store.h"

struct scim_query {
    struct scim_search search;
    bool has_rest; /* the search finds too much: the whole filter has to be held against each row */
};

/* The most selective comparison by `eq` among those that all have to hold; BY_NOTHING when there
 * is none. `filter` may be NULL. */
struct scim_query scim_query_plan(struct scope *scope, const struct scim_filter *filter,
                                  struct str connection_id);
