#pragma once
/* Lists: of one resource type or of all, filtered, sorted, in pages by index or by cursor. What an
 * index finds is not compared again; everything else is compared one by one, in stretches whose
 * memory is given back, up to a bound. */

#include "provisioning/scim/scim_cursor.h"
#include "provisioning/scim/scim_finder.h"

enum {
    SCIM_PAGE_DEFAULT = 100,
    SCIM_PAGE_MAX = 200,
    SCIM_SCAN_MAX = 20000, /* resources that one request compares or sorts */
};

/* One resource type of a list, and the question as it reads for that type. */
struct scim_part {
    const struct scim_finder *finder;
    const struct scim_filter *filter; /* NULL: all */
    struct scim_ref sort_by;
    struct scim_projection projection;
};

struct scim_list {
    const struct scim_part *parts;
    size_t part_count;
    int64_t start, count; /* start from 1; not with a cursor */
    bool is_sorted, is_descending;
    bool is_by_cursor;
    const struct scim_position *behind; /* by cursor; NULL: the first page */
};

struct scim_listed {
    size_t part;
    const struct json *shown;
};

struct scim_found {
    int64_t total; /* -1: unknown, by cursor only */
    size_t count;
    struct scim_listed *items;
    bool has_next; /* by cursor: there may be more, behind `last` */
    struct scim_position last;
};

/* INVALID "scim.too_many" when more than SCIM_SCAN_MAX resources would have to be compared; by
 * cursor only sorting has that bound, because a page may end early. */
RESULT scim_list_run(struct scope *scope, const struct scim_source *source, struct db *db,
                     const struct scim_list *list, struct scim_found *ret);
