#pragma once
/* A filter as what the database can look up by an index, and what is left to be compared in
 * memory. */

#include "provisioning/scim/scim_filter.h"
#include "provisioning/scim/scim_search.h"

/* What an index answers of one comparison, as precisely as scim_match would: how many rows that may
 * be, 1 for one, 9 for nearly all; 0: no index helps. */
typedef int scim_lookup_function(struct scope *scope, struct str connection_id,
                                 const struct scim_filter *term, struct scim_search *ret);

struct scim_query {
    struct scim_search search;
    bool has_rest;   /* the search finds too much: the whole filter has to be held against each */
    bool is_nothing; /* no resource of this type can fit */
};

/* The most selective comparison among those that all have to hold; BY_NOTHING when there is none.
 * `filter` may be NULL. */
struct scim_query scim_query_plan(struct scope *scope, const struct scim_type *type,
                                  scim_lookup_function *lookup, const struct scim_filter *filter,
                                  struct str connection_id);
/* The attribute of the type's own schema that the term names, without a sub-attribute or with
 * "value", which stands for the whole. */
bool scim_term_is(const struct scim_filter *term, struct str attribute);
