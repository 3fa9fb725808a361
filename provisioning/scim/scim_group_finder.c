/* Groups, as lists find them. */
#include "base/arena.h"
#include "provisioning/scim/scim_finder.h"
#include "provisioning/scim/scim_group.h"
#include "provisioning/scim/scim_match.h"
#include "provisioning/scim/scim_member.h"

static int lookup_member(const struct scim_filter *term, struct scim_search *ret) {
    *ret = (struct scim_search){BY_MEMBER, json_as_string(term->value), {"", 0}};
    return term->op == SCIM_EQ && json_is_string(term->value) ? 3 : 0;
}

/* members.value eq "x", members eq "x", members[value eq "x"] */
static int lookup(struct scope *scope, struct str connection_id, const struct scim_filter *term,
                  struct scim_search *ret) {
    const struct str text = json_as_string(term->value);
    if (scim_term_is(term, SCIM_MEMBERS->name)) {
        if (term->op != SCIM_VALUE_PATH) {
            return lookup_member(term, ret);
        }
        const struct scim_attribute *inside = term->left->ref.attribute;
        return inside != NULL && str_eq(inside->name, STR("value")) ? lookup_member(term->left, ret)
                                                                    : 0;
    }
    if (term->op != SCIM_EQ || !json_is_string(term->value)) {
        return 0;
    }
    if (scim_term_is(term, STR("id"))) {
        *ret = (struct scim_search){BY_ID, text, {"", 0}};
        return 1;
    }
    if (scim_term_is(term, STR("displayName"))) {
        *ret = (struct scim_search){BY_DISPLAY_NAME, scim_key(scope, text), {"", 0}};
        return 1;
    }
    *ret = (struct scim_search){BY_EXTERNAL_ID, connection_id, text};
    return scim_term_is(term, STR("externalId")) ? 2 : 0;
}

/* What the answer shows of members comes from their rows when it is written; here are those that
 * somebody compares. */
static result show(struct scope *scope, const struct scim_source *source, struct db *db,
                   const struct scim_window *window, const struct scim_group *group,
                   const struct json **ret) {
    static const struct scim_projection NONE = {.is_given = true};
    const struct scim_window compared = {
        .projection = &NONE, .filter = window->filter, .sort_by = window->sort_by};
    const struct json *members = NULL;
    const struct json *shown = NULL;
    int64_t budget = SCIM_MEMBERS_COMPARED_MAX;
    TRY(scim_group_show(scope, source, group, &shown));
    if (scim_window_needs(&compared, SCIM_MEMBERS)) {
        const bool is_filtered_only = window->sort_by == NULL;
        TRY(scim_member_read(scope, source, db, group->id, is_filtered_only ? window->filter : NULL,
                             &budget, &members));
    }
    if (members != NULL) {
        struct json *whole = json_clone(scope->arena, shown);
        json_add(scope->arena, whole, SCIM_MEMBERS->name, members);
        shown = whole;
    }
    *ret = shown;
    return OK_RESULT;
}

static result find(struct scope *scope, const struct scim_source *source, struct db *db,
                   const struct scim_window *window, struct scim_items *ret) {
    struct str after = window->after;
    struct scim_group_list list;
    *ret = (struct scim_items){0};
    if (window->skip > 0) {
        TRY(scim_group_store_place(scope, db, source->org_id, &window->search, window->skip,
                                   &after));
        if (after.len == 0) {
            return OK_RESULT;
        }
    }
    TRY(scim_group_store_search(scope, db, source->org_id, &window->search, after, window->limit,
                                &list));
    struct scim_item *items = NEW_ARRAY(scope->arena, list.count, struct scim_item);
    for (size_t i = 0; i < list.count; i++) {
        items[i].key = list.groups[i].id;
        TRY(show(scope, source, db, window, &list.groups[i], &items[i].shown));
    }
    *ret = (struct scim_items){list.count, items};
    return OK_RESULT;
}

static result count(struct scope *scope, const struct scim_source *source, struct db *db,
                    const struct scim_search *search, int64_t *ret) {
    return scim_group_store_count(scope, db, source->org_id, search, ret);
}

static result write(struct scope *scope, const struct scim_source *source, struct db *db,
                    const struct scim_projection *projection, const struct scim_item *item,
                    struct json_out *out, int64_t *budget) {
    return scim_group_write(scope, source, db, projection, item->shown, out, budget);
}

const struct scim_finder SCIM_GROUP_FINDER = {
    .type = &SCIM_GROUP_TYPE,
    .lookup = lookup,
    .find = find,
    .count = count,
    .write = write,
};
