#pragma once
/* What lists, sorting and cursors need of a resource type: how its resources are looked up and in
 * which order they lie. One table per type; everything else about queries is common to all. */

#include "provisioning/scim/scim_query.h"
#include "provisioning/scim/scim_record.h"

/* One resource of a list. */
struct scim_item {
    struct str key;           /* unique; resources lie in the order of their keys */
    const struct json *shown; /* with schemas and meta */
};

struct scim_items {
    size_t count;
    struct scim_item *items;
};

/* A stretch of what a search finds. */
struct scim_window {
    struct scim_search search;
    struct str after; /* a key; empty: from the first */
    int64_t skip, limit;
    const struct scim_projection *projection; /* what the answer will show */
    const struct scim_filter *filter; /* what is compared beyond the search; NULL: nothing */
    const struct scim_ref *sort_by;   /* NULL: not sorted by a value */
};

struct scim_finder {
    const struct scim_type *type;
    scim_lookup_function *lookup;
    result (*find)(struct scope *scope, const struct scim_source *source, struct db *db,
                   const struct scim_window *window, struct scim_items *ret);
    result (*count)(struct scope *scope, const struct scim_source *source, struct db *db,
                    const struct scim_search *search, int64_t *ret);
    /* NULL: what was found is written as it is. Else writes one resource and what was not loaded of
     * it; `budget` is how many rows of that the whole answer has left. */
    result (*write)(struct scope *scope, const struct scim_source *source, struct db *db,
                    const struct scim_projection *projection, const struct scim_item *item,
                    struct json_out *out, int64_t *budget);
};

extern const struct scim_finder SCIM_USER_FINDER;
extern const struct scim_finder SCIM_GROUP_FINDER;

/* Whether somebody will look at that attribute (of the type's own schema): else an expensive one
 * need not be loaded. */
bool scim_window_needs(const struct scim_window *window, const struct scim_attribute *attribute);
