#include "provisioning/scim/scim_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "provisioning/scim/scim_match.h"

enum { STRETCH = 200 }; /* resources in memory at a time */

/* A resource of a sorted list: only where it lies. */
struct entry {
    struct scim_position at;
};

/* One pass over what a list may show. */
struct walk {
    const struct scim_source *source;
    struct db *db;
    const struct scim_list *list;
    struct scim_found found;
    struct scope *inner; /* of the stretch at hand */
    int64_t scanned;
    bool is_done;
    struct entry *entries; /* sorted lists */
    size_t entry_count, entry_room;
};

static struct scim_query plan(struct scope *scope, const struct walk *walk, size_t part) {
    const struct scim_part *p = &walk->list->parts[part];
    return scim_query_plan(scope, p->finder->type, p->finder->lookup, p->filter,
                           walk->source->connection_id);
}

static struct scim_window window_of(const struct walk *walk, size_t part,
                                    const struct scim_query *query) {
    const struct scim_part *p = &walk->list->parts[part];
    return (struct scim_window){
        .search = query->search,
        .limit = STRETCH,
        .projection = &p->projection,
        .filter = query->has_rest ? p->filter : NULL,
        .sort_by = walk->list->is_sorted ? &p->sort_by : NULL,
    };
}

static bool has_room(const struct walk *walk) {
    return (int64_t) walk->found.count < walk->list->count;
}

static void keep(struct walk *walk, size_t part, const struct json *shown) {
    walk->found.items[walk->found.count++] = (struct scim_listed){part, shown};
}

/* The stretch is given back, the page is not. */
static void keep_copy(struct scope *scope, struct walk *walk, size_t part,
                      const struct scim_item *item) {
    keep(walk, part, json_clone(scope->arena, item->shown));
}

static void take_by_index(struct scope *scope, struct walk *walk, size_t part,
                          const struct scim_item *item) {
    walk->found.total++;
    if (walk->found.total >= walk->list->start && has_room(walk)) {
        keep_copy(scope, walk, part, item);
    }
}

static void take_by_cursor(struct scope *scope, struct walk *walk, size_t part,
                           const struct scim_item *item) {
    if (!has_room(walk)) { /* one more than the page holds: there is another page */
        walk->found.has_next = true;
        walk->is_done = true;
        return;
    }
    keep_copy(scope, walk, part, item);
    walk->found.last =
        (struct scim_position){.part = part, .key = str_copy(scope->arena, item->key)};
}

static void take_to_sort(struct scope *scope, struct walk *walk, size_t part,
                         const struct scim_item *item) {
    if (walk->entry_count == walk->entry_room) {
        const size_t room = walk->entry_room == 0 ? STRETCH : 2 * walk->entry_room;
        struct entry *entries = NEW_ARRAY(scope->arena, room, struct entry);
        if (walk->entry_count > 0) {
            memcpy(entries, walk->entries, walk->entry_count * sizeof *entries);
        }
        walk->entries = entries;
        walk->entry_room = room;
    }
    const struct scim_sort_key value =
        scim_sort_key(walk->inner, &walk->list->parts[part].sort_by, item->shown);
    walk->entries[walk->entry_count++] = (struct entry){{
        .part = part,
        .value = {value.has_value, str_copy(scope->arena, value.text)},
        .key = str_copy(scope->arena, item->key),
    }};
}

static void take(struct scope *scope, struct walk *walk, size_t part,
                 const struct scim_item *item) {
    if (walk->list->is_sorted) {
        take_to_sort(scope, walk, part, item);
    } else if (walk->list->is_by_cursor) {
        take_by_cursor(scope, walk, part, item);
    } else {
        take_by_index(scope, walk, part, item);
    }
}

/* Where one request has compared enough. A cursor page ends there and goes on from there. */
static result spend(struct scope *scope, struct walk *walk, size_t part,
                    const struct scim_item *item) {
    if (walk->scanned++ < SCIM_SCAN_MAX) {
        return OK_RESULT;
    }
    REQUIRE(scope, walk->list->is_by_cursor && !walk->list->is_sorted, INVALID, "scim.too_many");
    walk->found.last =
        (struct scim_position){.part = part, .key = str_copy(scope->arena, item->key)};
    walk->found.has_next = true;
    walk->is_done = true;
    return OK_RESULT;
}

static result look_at(struct scope *scope, struct walk *walk, size_t part,
                      const struct scim_window *window, const struct scim_items *items) {
    for (size_t i = 0; i < items->count && !walk->is_done; i++) {
        const struct scim_item *item = &items->items[i];
        if (window->filter == NULL || scim_match(walk->inner, window->filter, item->shown)) {
            take(scope, walk, part, item);
        }
        if (!walk->is_done) {
            TRY(spend(scope, walk, part, item));
        }
    }
    return OK_RESULT;
}

/* One stretch, in an arena of its own. */
static result scan_stretch(struct scope *scope, struct walk *walk, size_t part,
                           struct scim_window *window) {
    const struct scim_finder *finder = walk->list->parts[part].finder;
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope inner = *scope;
    struct scim_items items = {0};
    inner.arena = arena;
    walk->inner = &inner;
    const result found = finder->find(&inner, walk->source, walk->db, window, &items);
    if (!is_ok(found)) {
        scope->reason = inner.reason;
        return found;
    }
    TRY(look_at(scope, walk, part, window, &items));
    if ((int64_t) items.count < window->limit) {
        window->limit = 0; /* that was all */
        return OK_RESULT;
    }
    window->after = str_copy(scope->arena, items.items[items.count - 1].key);
    return OK_RESULT;
}

static result scan(struct scope *scope, struct walk *walk, size_t part, struct str after) {
    const struct scim_query query = plan(scope, walk, part);
    struct scim_window window = window_of(walk, part, &query);
    window.after = after;
    if (walk->list->is_by_cursor && !walk->list->is_sorted && !query.has_rest) {
        window.limit = walk->list->count + 1;
    }
    while (!query.is_nothing && !walk->is_done && window.limit > 0) {
        TRY(scan_stretch(scope, walk, part, &window));
    }
    return OK_RESULT;
}

/* Everything the index finds belongs to the list: the page is read where it lies. */
static result read_page(struct scope *scope, struct walk *walk, size_t part,
                        const struct scim_query *query) {
    const struct scim_finder *finder = walk->list->parts[part].finder;
    const int64_t skipped = walk->list->start - 1 - walk->found.total;
    struct scim_window window = window_of(walk, part, query);
    struct scim_items items = {0};
    window.skip = skipped > 0 ? skipped : 0;
    window.limit = walk->list->count - (int64_t) walk->found.count;
    if (window.limit > 0) {
        TRY(finder->find(scope, walk->source, walk->db, &window, &items));
    }
    for (size_t i = 0; i < items.count; i++) {
        keep(walk, part, items.items[i].shown);
    }
    if (window.skip == 0 && (int64_t) items.count < window.limit) {
        walk->found.total += (int64_t) items.count; /* these are all: nothing to count */
        return OK_RESULT;
    }
    int64_t total = 0;
    TRY(finder->count(scope, walk->source, walk->db, &query->search, &total));
    walk->found.total += total;
    return OK_RESULT;
}

static result list_by_index(struct scope *scope, struct walk *walk) {
    for (size_t part = 0; part < walk->list->part_count; part++) {
        const struct scim_query query = plan(scope, walk, part);
        if (query.is_nothing) {
            continue;
        }
        TRY(query.has_rest ? scan(scope, walk, part, STR(""))
                           : read_page(scope, walk, part, &query));
    }
    return OK_RESULT;
}

/* -1 unless the indexes alone can count. */
static result count_all(struct scope *scope, struct walk *walk) {
    int64_t total = 0;
    walk->found.total = -1;
    for (size_t part = 0; part < walk->list->part_count; part++) {
        const struct scim_query query = plan(scope, walk, part);
        int64_t count = 0;
        if (query.has_rest && !query.is_nothing) {
            return OK_RESULT;
        }
        if (!query.is_nothing) {
            TRY(walk->list->parts[part].finder->count(scope, walk->source, walk->db, &query.search,
                                                      &count));
        }
        total += count;
    }
    walk->found.total = total;
    return OK_RESULT;
}

static result list_by_cursor(struct scope *scope, struct walk *walk) {
    const struct scim_position *behind = walk->list->behind;
    if (behind == NULL) {
        TRY(count_all(scope, walk));
    }
    const size_t first = behind == NULL ? 0 : behind->part;
    for (size_t part = first; part < walk->list->part_count && !walk->is_done; part++) {
        const bool goes_on = behind != NULL && part == first;
        TRY(scan(scope, walk, part, goes_on ? behind->key : STR("")));
    }
    return OK_RESULT;
}

/* What is equal lies in the order of keys, in both directions. */
static int compare_ties(const struct scim_position *a, const struct scim_position *b) {
    if (a->part != b->part) {
        return a->part < b->part ? -1 : 1;
    }
    return str_compare(a->key, b->key);
}

static int compare_ascending(const void *left, const void *right) {
    const struct scim_position *a = &((const struct entry *) left)->at;
    const struct scim_position *b = &((const struct entry *) right)->at;
    const int order = scim_sort_compare(&a->value, &b->value);
    return order != 0 ? order : compare_ties(a, b);
}

static int compare_descending(const void *left, const void *right) {
    const struct scim_position *a = &((const struct entry *) left)->at;
    const struct scim_position *b = &((const struct entry *) right)->at;
    const int order = scim_sort_compare(&b->value, &a->value);
    return order != 0 ? order : compare_ties(a, b);
}

/* The sorted list is whole; the page is read from the database one by one. Who has gone in between
 * is left out. */
static result load(struct scope *scope, struct walk *walk, const struct scim_position *at) {
    const struct scim_part *part = &walk->list->parts[at->part];
    const struct scim_window window = {
        .search = {.by = BY_KEY, .a = at->key},
        .limit = 1,
        .projection = &part->projection,
    };
    struct scim_items items = {0};
    TRY(part->finder->find(scope, walk->source, walk->db, &window, &items));
    if (items.count == 1) {
        keep(walk, at->part, items.items[0].shown);
    }
    return OK_RESULT;
}

static size_t first_behind(const struct walk *walk, int (*compare)(const void *, const void *)) {
    if (!walk->list->is_by_cursor) {
        const uint64_t skipped = (uint64_t) walk->list->start - 1;
        return skipped < walk->entry_count ? (size_t) skipped : walk->entry_count;
    }
    size_t i = 0;
    while (walk->list->behind != NULL && i < walk->entry_count) {
        const struct entry behind = {*walk->list->behind};
        if (compare(&walk->entries[i], &behind) > 0) {
            return i;
        }
        i++;
    }
    return i;
}

static result list_sorted(struct scope *scope, struct walk *walk) {
    int (*compare)(const void *, const void *) =
        walk->list->is_descending ? compare_descending : compare_ascending;
    for (size_t part = 0; part < walk->list->part_count; part++) {
        TRY(scan(scope, walk, part, STR("")));
    }
    if (walk->entry_count > 0) {
        qsort(walk->entries, walk->entry_count, sizeof *walk->entries, compare);
    }
    walk->found.total = (int64_t) walk->entry_count;
    size_t i = first_behind(walk, compare);
    const size_t page = (size_t) walk->list->count;
    const size_t end = walk->entry_count - i < page ? walk->entry_count : i + page;
    for (; i < end; i++) {
        TRY(load(scope, walk, &walk->entries[i].at));
        walk->found.last = walk->entries[i].at;
    }
    walk->found.has_next = walk->list->is_by_cursor && end < walk->entry_count;
    return OK_RESULT;
}

result scim_list_run(struct scope *scope, const struct scim_source *source, struct db *db,
                     const struct scim_list *list, struct scim_found *ret) {
    struct walk walk = {
        .source = source,
        .db = db,
        .list = list,
        .found = {.items = NEW_ARRAY(scope->arena, (size_t) list->count, struct scim_listed)},
    };
    if (list->is_sorted) {
        TRY(list_sorted(scope, &walk));
    } else {
        TRY(list->is_by_cursor ? list_by_cursor(scope, &walk) : list_by_index(scope, &walk));
    }
    walk.found.has_next = walk.found.has_next && list->count > 0;
    *ret = walk.found;
    return OK_RESULT;
}
