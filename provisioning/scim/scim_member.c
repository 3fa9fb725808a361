#include "provisioning/scim/scim_member.h"

#include <stdlib.h>

#include "base/arena.h"
#include "provisioning/scim/scim_match.h"

enum {
    SENT_AT_ONCE = 256, /* statements that are on their way together */
    READ_AT_ONCE = 1000,
    SHOWN_GROUPS_MAX = 1000 /* of one person */
};

struct work {
    struct scope *scope;
    const struct scim_source *source;
    struct tx *tx;
    const struct scim_member_change *change;
    const struct rows *sent[SENT_AT_ONCE];
    size_t sent_count;
    bool has_changed;
};

struct ids {
    size_t count;
    struct str *ids;
};

static struct scim_member_key key_of(const struct work *work, struct str id) {
    return (struct scim_member_key){work->source->org_id, work->change->group_id, id};
}

/* An id that is nobody's breaks the one constraint that the statements can break. */
static result sent(struct work *work, result done) {
    if (done.code == INVALID) {
        return FAIL(work->scope, INVALID, "scim.member");
    }
    return done;
}

static result settle(struct work *work) {
    TRY(sent(work, tx_settle(work->scope, work->tx)));
    for (size_t i = 0; i < work->sent_count; i++) {
        work->has_changed = work->has_changed || work->sent[i]->changed > 0;
    }
    work->sent_count = 0;
    return OK_RESULT;
}

static result put_in(struct work *work, const struct ids *ids) {
    for (size_t i = 0; i < ids->count; i++) {
        const struct scim_member_key key = key_of(work, ids->ids[i]);
        TRY(sent(work, scim_member_store_add_send(work->scope, work->tx, &key, work->change->now_us,
                                                  &work->sent[work->sent_count++])));
        if (work->sent_count == SENT_AT_ONCE) {
            TRY(settle(work));
        }
    }
    return settle(work);
}

static result take_out(struct work *work, const struct ids *ids) {
    for (size_t i = 0; i < ids->count; i++) {
        const struct scim_member_key key = key_of(work, ids->ids[i]);
        TRY(scim_member_store_remove_send(work->scope, work->tx, &key,
                                          &work->sent[work->sent_count++]));
        if (work->sent_count == SENT_AT_ONCE) {
            TRY(settle(work));
        }
    }
    return settle(work);
}

static result take_all_out(struct work *work) {
    int64_t removed = 0;
    TRY(scim_member_store_clear(work->scope, work->tx, work->source->org_id, work->change->group_id,
                                &removed));
    work->has_changed = work->has_changed || removed > 0;
    return OK_RESULT;
}

/* What `value` names: one member or a list, as objects or, from some clients, as plain ids. */
static result read_ids(struct work *work, const struct json *value, struct ids *ret) {
    const bool is_list = json_is_array(value);
    const size_t count = is_list ? json_count(value) : json_kind(value) != JSON_NULL;
    struct ids ids = {0, NEW_ARRAY(work->scope->arena, count, struct str)};
    const struct scim_profile *profile = work->source->profile;
    REQUIRE(work->scope, is_list || count == 0 || profile->reshapes_values, INVALID, "scim.value");
    for (size_t i = 0; i < count; i++) {
        const struct json *member = NULL;
        TRY(scim_element_read(work->scope, profile, SCIM_MEMBERS, NULL,
                              is_list ? json_at(value, i) : value, &member));
        const struct str id = json_as_string(json_get(member, STR("value")));
        REQUIRE(work->scope, id.len > 0, INVALID, "scim.value");
        ids.ids[ids.count++] = id;
    }
    *ret = ids;
    return OK_RESULT;
}

static int compare_ids(const void *a, const void *b) {
    return str_compare(*(const struct str *) a, *(const struct str *) b);
}

/* Of the members behind `*after`, those that stay are marked and the others taken out. */
static result replace_page(struct work *work, const struct ids *wanted, bool *is_there,
                           struct str *after, bool *ret_is_last) {
    struct scope *scope = work->scope;
    const struct scim_member_key from = key_of(work, *after);
    struct scim_member_list page;
    TRY(scim_member_store_page(scope, tx_db(work->tx), &from, false, READ_AT_ONCE, &page));
    struct ids gone = {0, NEW_ARRAY(scope->arena, page.count, struct str)};
    for (size_t i = 0; i < page.count; i++) {
        *after = page.members[i].id;
        const struct str *found = wanted->count == 0
                                      ? NULL
                                      : bsearch(&page.members[i].id, wanted->ids, wanted->count,
                                                sizeof *wanted->ids, compare_ids);
        if (found == NULL) {
            gone.ids[gone.count++] = page.members[i].id;
            continue;
        }
        is_there[found - wanted->ids] = true;
    }
    *ret_is_last = page.count < READ_AT_ONCE;
    return take_out(work, &gone);
}

/* Nothing is written of those who stay. */
static result replace_all(struct work *work, struct ids wanted) {
    bool *is_there = NEW_ARRAY(work->scope->arena, wanted.count, bool);
    struct str after = STR("");
    bool is_last = false;
    if (wanted.count > 0) {
        qsort(wanted.ids, wanted.count, sizeof *wanted.ids, compare_ids);
    }
    while (!is_last) {
        TRY(replace_page(work, &wanted, is_there, &after, &is_last));
    }
    struct ids missing = {0, NEW_ARRAY(work->scope->arena, wanted.count, struct str)};
    for (size_t i = 0; i < wanted.count; i++) {
        if (!is_there[i]) {
            missing.ids[missing.count++] = wanted.ids[i];
        }
    }
    return put_in(work, &missing);
}

/* value eq "a", value eq "a" or value eq "b": the members that are meant, without a search. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allowed */
static bool names_ids(const struct scim_filter *filter, struct ids *ids) {
    if (filter->op == SCIM_OR) {
        return names_ids(filter->left, ids) && names_ids(filter->right, ids);
    }
    if (filter->op != SCIM_EQ || !json_is_string(filter->value) ||
        !str_eq(filter->ref.attribute->name, STR("value"))) {
        return false;
    }
    ids->ids[ids->count++] = json_as_string(filter->value);
    return true;
}

static struct json *show(struct scope *scope, const struct scim_source *source,
                         const struct scim_member *member) {
    struct arena *arena = scope->arena;
    struct json *shown = json_new_object(arena);
    const char *folder = member->is_group ? "Groups" : "Users";
    json_add(arena, shown, STR("value"), json_new_string(arena, member->id));
    json_add(arena, shown, STR("$ref"),
             json_new_string(arena, str_format(arena, "%.*s/%s/%.*s", STR_ARG(source->base_url),
                                               folder, STR_ARG(member->id))));
    json_add(arena, shown, STR("type"),
             json_new_string(arena, member->is_group ? STR("Group") : STR("User")));
    json_add(arena, shown, STR("display"), json_new_string(arena, member->display));
    return shown;
}

/* A page and what it was compared with are forgotten with `inner`. */
static result take_out_page(struct work *work, struct scope *inner,
                            const struct scim_filter *filter, struct str *after,
                            bool *ret_is_last) {
    const struct scim_member_key from = key_of(work, *after);
    struct scim_member_list page;
    TRY(scim_member_store_page(inner, tx_db(work->tx), &from, true, READ_AT_ONCE, &page));
    struct ids gone = {0, NEW_ARRAY(work->scope->arena, page.count, struct str)};
    for (size_t i = 0; i < page.count; i++) {
        if (scim_match(inner, filter, show(inner, work->source, &page.members[i]))) {
            gone.ids[gone.count++] = str_copy(work->scope->arena, page.members[i].id);
        }
    }
    if (page.count > 0) {
        *after = str_copy(work->scope->arena, page.members[page.count - 1].id);
    }
    *ret_is_last = page.count < READ_AT_ONCE;
    return take_out(work, &gone);
}

static result take_out_fitting(struct work *work, const struct scim_filter *filter) {
    struct ids ids = {0, NEW_ARRAY(work->scope->arena, SCIM_FILTER_MAX_TERMS, struct str)};
    if (names_ids(filter, &ids)) {
        return take_out(work, &ids);
    }
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope inner = {.arena = arena, .env = work->scope->env, .reason = ""};
    struct str after = STR("");
    bool is_last = false;
    while (!is_last) {
        const result done = take_out_page(work, &inner, filter, &after, &is_last);
        if (!is_ok(done)) {
            work->scope->reason = inner.reason[0] == '\0' ? work->scope->reason : inner.reason;
            return done;
        }
        arena_reset(arena);
    }
    return OK_RESULT;
}

/* members[value eq "x"] with a value: a member is never changed, so the value may only say again
 * who it is; what is added by a name is put in. */
static result write_fitting(struct work *work, const struct scim_change *change) {
    struct scope *scope = work->scope;
    struct ids ids = {0, NEW_ARRAY(scope->arena, SCIM_FILTER_MAX_TERMS, struct str)};
    const struct json *given = NULL;
    const bool is_one = names_ids(change->path.filter, &ids) && ids.count == 1;
    REQUIRE(scope, is_one, INVALID, "scim.mutability");
    TRY(scim_element_read(scope, work->source->profile, SCIM_MEMBERS, NULL, change->value, &given));
    const struct str named = json_as_string(json_get(given, STR("value")));
    REQUIRE(scope, named.len == 0 || str_eq(named, ids.ids[0]), INVALID, "scim.mutability");
    if (change->kind == SCIM_ADD) {
        return put_in(work, &ids);
    }
    const struct scim_member_key key = key_of(work, ids.ids[0]);
    bool is_member = false;
    TRY(scim_member_store_has(scope, tx_db(work->tx), &key, &is_member));
    REQUIRE(scope, is_member, INVALID, "scim.no_target");
    return OK_RESULT;
}

static result apply_one(struct work *work, const struct scim_change *change, bool is_replacement) {
    const bool is_removal = change->kind == SCIM_REMOVE;
    REQUIRE(work->scope, change->path.ref.sub == NULL, INVALID, "scim.mutability");
    if (change->path.filter != NULL) {
        return is_removal ? take_out_fitting(work, change->path.filter)
                          : write_fitting(work, change);
    }
    if (is_removal && json_kind(change->value) == JSON_NULL) {
        return take_all_out(work);
    }
    struct ids ids;
    TRY(read_ids(work, change->value, &ids));
    if (is_removal) { /* only who is named, although RFC 7644 means all of them */
        return take_out(work, &ids);
    }
    return is_replacement || change->kind == SCIM_REPLACE ? replace_all(work, ids)
                                                          : put_in(work, &ids);
}

result scim_member_apply(struct scope *scope, const struct scim_source *source, struct tx *tx,
                         const struct scim_member_change *change, bool *ret_has_changed) {
    struct work work = {.scope = scope, .source = source, .tx = tx, .change = change};
    const struct scim_row_changes *changes = change->changes;
    if (change->is_replacement && changes->count == 0) {
        TRY(take_all_out(&work));
    }
    for (size_t i = 0; i < changes->count; i++) {
        TRY(apply_one(&work, &changes->changes[i], change->is_replacement && i == 0));
    }
    *ret_has_changed = work.has_changed;
    return OK_RESULT;
}

static bool shows(const struct scim_projection *projection, struct str name) {
    return scim_projection_shows(projection, SCIM_MEMBERS, scim_sub_find(SCIM_MEMBERS, name));
}

struct scim_member_view scim_member_view_of(const struct scim_projection *projection) {
    return (struct scim_member_view){
        .has_members = scim_projection_shows(projection, SCIM_MEMBERS, NULL),
        .has_value = shows(projection, STR("value")),
        .has_ref = shows(projection, STR("$ref")),
        .has_type = shows(projection, STR("type")),
        .has_display = shows(projection, STR("display")),
    };
}

static void write_member(struct scope *inner, const struct scim_source *source,
                         const struct scim_member *member, const struct scim_member_view *view,
                         struct json_out *out) {
    json_out_open_object(out);
    if (view->has_value) {
        json_out_member(out, "value", member->id);
    }
    if (view->has_ref) {
        json_out_member(out, "$ref",
                        str_format(inner->arena, "%.*s/%s/%.*s", STR_ARG(source->base_url),
                                   member->is_group ? "Groups" : "Users", STR_ARG(member->id)));
    }
    if (view->has_type) {
        json_out_member(out, "type", member->is_group ? STR("Group") : STR("User"));
    }
    if (view->has_display) {
        json_out_member(out, "display", member->display);
    }
    json_out_close_object(out);
}

struct reading {
    const struct scim_source *source;
    const struct scim_member_view *view;
    struct json_out *out;
    int64_t *budget;
    struct arena *arena; /* of `after`, which outlives its page */
    struct str after;
    bool is_begun, is_last;
};

static result write_page(struct scope *inner, struct db *db, struct str group_id,
                         struct reading *reading) {
    const struct scim_member_key from = {reading->source->org_id, group_id, reading->after};
    struct scim_member_list page;
    TRY(scim_member_store_page(inner, db, &from, reading->view->has_display, READ_AT_ONCE, &page));
    *reading->budget -= (int64_t) page.count;
    REQUIRE(inner, *reading->budget >= 0, INVALID, "scim.too_many_members");
    if (page.count > 0 && !reading->is_begun) {
        json_out_name(reading->out, "members");
        json_out_open_array(reading->out);
        reading->is_begun = true;
    }
    for (size_t i = 0; i < page.count; i++) {
        write_member(inner, reading->source, &page.members[i], reading->view, reading->out);
    }
    reading->is_last = page.count < READ_AT_ONCE;
    if (!reading->is_last) {
        reading->after = str_copy(reading->arena, page.members[page.count - 1].id);
    }
    return OK_RESULT;
}

result scim_member_write(struct scope *scope, const struct scim_source *source, struct db *db,
                         struct str group_id, const struct scim_member_view *view,
                         struct json_out *out, int64_t *budget) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope inner = {.arena = arena, .env = scope->env, .reason = ""};
    struct reading reading = {
        .source = source, .view = view, .out = out, .budget = budget, .arena = scope->arena};
    reading.is_last = !view->has_members;
    while (!reading.is_last) {
        const result done = write_page(&inner, db, group_id, &reading);
        if (!is_ok(done)) {
            scope->reason = inner.reason;
            return done;
        }
        arena_reset(arena);
    }
    if (reading.is_begun) {
        json_out_close_array(out);
    }
    return OK_RESULT;
}

static bool add_name(const struct scim_filter *term, const struct scim_attribute *target,
                     struct ids *ids) {
    const bool is_value = target != NULL && str_eq(target->name, STR("value"));
    if (!is_value || term->op != SCIM_EQ || !json_is_string(term->value)) {
        return false;
    }
    ids->ids[ids->count++] = json_as_string(term->value);
    return true;
}

/* The ids that a filter on groups compares members with; false when it asks more of them. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allowed */
static bool collect(const struct scim_filter *filter, struct ids *ids) {
    if (filter->op == SCIM_AND || filter->op == SCIM_OR) {
        return collect(filter->left, ids) && collect(filter->right, ids);
    }
    if (filter->op == SCIM_NOT) {
        return collect(filter->left, ids);
    }
    if (filter->ref.attribute != SCIM_MEMBERS) {
        return true;
    }
    return filter->op == SCIM_VALUE_PATH ? names_ids(filter->left, ids)
                                         : add_name(filter, filter->ref.sub, ids);
}

static result read_named(struct scope *scope, const struct scim_source *source, struct db *db,
                         struct str group_id, const struct ids *ids, struct json *members) {
    for (size_t i = 0; i < ids->count; i++) {
        const struct scim_member_key key = {source->org_id, group_id, ids->ids[i]};
        bool is_member = false;
        TRY(scim_member_store_has(scope, db, &key, &is_member));
        if (is_member) {
            struct json *member = json_new_object(scope->arena);
            json_add(scope->arena, member, STR("value"),
                     json_new_string(scope->arena, ids->ids[i]));
            json_append(scope->arena, members, member);
        }
    }
    return OK_RESULT;
}

static result read_whole(struct scope *scope, const struct scim_source *source, struct db *db,
                         struct str group_id, int64_t *budget, struct json *members) {
    const struct scim_member_key first = {source->org_id, group_id, STR("")};
    struct scim_member_list list;
    TRY(scim_member_store_page(scope, db, &first, true, *budget + 1, &list));
    REQUIRE(scope, (int64_t) list.count <= *budget, INVALID, "scim.too_many_members");
    *budget -= (int64_t) list.count;
    for (size_t i = 0; i < list.count; i++) {
        json_append(scope->arena, members, show(scope, source, &list.members[i]));
    }
    return OK_RESULT;
}

result scim_member_read(struct scope *scope, const struct scim_source *source, struct db *db,
                        struct str group_id, const struct scim_filter *filter, int64_t *budget,
                        const struct json **ret) {
    struct ids ids = {0, NEW_ARRAY(scope->arena, SCIM_FILTER_MAX_TERMS, struct str)};
    struct json *members = json_new_array(scope->arena);
    if (filter != NULL && collect(filter, &ids)) {
        TRY(read_named(scope, source, db, group_id, &ids, members));
    } else {
        TRY(read_whole(scope, source, db, group_id, budget, members));
    }
    *ret = json_count(members) == 0 ? NULL : members;
    return OK_RESULT;
}

result scim_member_groups(struct scope *scope, const struct scim_source *source, struct db *db,
                          struct str user_id, const struct json **ret) {
    struct arena *arena = scope->arena;
    struct scim_membership_list list;
    TRY(scim_member_store_groups(scope, db, source->org_id, user_id, SHOWN_GROUPS_MAX, &list));
    struct json *groups = json_new_array(arena);
    for (size_t i = 0; i < list.count; i++) {
        const struct scim_membership *membership = &list.memberships[i];
        struct json *group = json_new_object(arena);
        json_add(arena, group, STR("value"), json_new_string(arena, membership->group_id));
        json_add(
            arena, group, STR("$ref"),
            json_new_string(arena, str_format(arena, "%.*s/Groups/%.*s", STR_ARG(source->base_url),
                                              STR_ARG(membership->group_id))));
        json_add(arena, group, STR("display"), json_new_string(arena, membership->display_name));
        json_add(arena, group, STR("type"),
                 json_new_string(arena, membership->is_direct ? STR("direct") : STR("indirect")));
        json_append(arena, groups, group);
    }
    *ret = list.count == 0 ? NULL : groups;
    return OK_RESULT;
}
