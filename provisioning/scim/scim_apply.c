/* Attributes are small and everything lives in the arena: each change computes the attribute's new
 * value from its old one and puts it in place, so that a failure half-way leaves no trace. */
#include "provisioning/scim/scim_apply.h"

#include <assert.h>

#include "base/arena.h"
#include "provisioning/scim/scim_match.h"

struct context {
    struct scope *scope;
    const struct scim_rules *rules;
    const struct scim_change *change;
    const struct scim_attribute *attribute, *sub;
    const struct json *given; /* the change's value */
};

static struct str sub_text(const struct json *element, struct str name) {
    return json_as_string(json_get(element, name));
}

/* Nothing but what says which one it was: the value itself has been taken away. */
static bool is_hollow(const struct json *element) {
    for (size_t i = 0; json_is_object(element) && i < json_count(element); i++) {
        const struct str name = json_member_at(element, i).name;
        if (!str_eq(name, STR("type")) && !str_eq(name, STR("primary"))) {
            return false;
        }
    }
    return element == NULL || json_is_object(element);
}

static bool same_text(const struct context *context, struct str name, struct str a, struct str b) {
    const struct scim_attribute *sub = scim_sub_find(context->attribute, name);
    if (sub != NULL && sub->is_case_exact) {
        return str_eq(a, b);
    }
    return str_eq(scim_key(context->scope, a), scim_key(context->scope, b));
}

/* RFC 7643 section 2.4: the same (type, value) stands once in a list. */
static bool is_same_element(const struct context *context, const struct json *a,
                            const struct json *b) {
    const struct str value = sub_text(a, STR("value"));
    if (json_equals(a, b)) {
        return true;
    }
    return value.len > 0 && same_text(context, STR("value"), value, sub_text(b, STR("value"))) &&
           same_text(context, STR("type"), sub_text(a, STR("type")), sub_text(b, STR("type")));
}

static bool is_primary(const struct json *element) {
    return json_as_boolean(json_get(element, STR("primary")));
}

/* RFC 7644 section 3.5.2: one value that becomes primary ends the others' being so. Of several new
 * ones the first stays. */
static const struct json *settle_primary(const struct context *context, const struct json *list,
                                         const bool *is_touched) {
    size_t keep = json_count(list);
    for (size_t i = json_count(list); i > 0; i--) {
        keep = is_touched[i - 1] && is_primary(json_at(list, i - 1)) ? i - 1 : keep;
    }
    if (keep == json_count(list)) {
        return list;
    }
    struct json *settled = json_new_array(context->scope->arena);
    for (size_t i = 0; i < json_count(list); i++) {
        struct json *element = json_clone(context->scope->arena, json_at(list, i));
        if (i != keep && is_primary(element)) {
            json_set(context->scope->arena, element, STR("primary"),
                     json_new_boolean(context->scope->arena, false));
        }
        json_append(context->scope->arena, settled, element);
    }
    return settled;
}

/* A list under construction and which of its elements the change has written. */
struct building {
    struct json *list;
    bool *is_touched;
};

static struct building begin_list(const struct context *context, size_t room) {
    return (struct building){json_new_array(context->scope->arena),
                             NEW_ARRAY(context->scope->arena, room, bool)};
}

static void append(const struct context *context, struct building *building,
                   const struct json *element, bool is_touched) {
    building->is_touched[json_count(building->list)] = is_touched;
    json_append(context->scope->arena, building->list, element);
}

static result finish_list(const struct context *context, const struct building *building,
                          const struct json **ret) {
    REQUIRE(context->scope, json_count(building->list) <= SCIM_MAX_VALUES, INVALID, "scim.value");
    *ret = json_count(building->list) == 0
               ? NULL
               : settle_primary(context, building->list, building->is_touched);
    return OK_RESULT;
}

static result read_given(const struct context *context, const struct scim_attribute *attribute,
                         const struct json **ret) {
    REQUIRE(context->scope, context->given != NULL, INVALID, "scim.value");
    return scim_value_read(context->scope, context->rules->profile, attribute, context->given, ret);
}

/* `element` with the sub-attribute set or taken away; NULL when nothing is left of it. */
static result change_sub(const struct context *context, const struct json *element,
                         const struct json **ret) {
    struct arena *arena = context->scope->arena;
    const struct json *value = NULL;
    if (context->change->kind != SCIM_REMOVE) {
        TRY(read_given(context, context->sub, &value));
    }
    struct json *changed = element == NULL ? json_new_object(arena) : json_clone(arena, element);
    json_remove(changed, context->sub->name);
    if (value != NULL) {
        json_set(arena, changed, context->sub->name, value);
    }
    *ret = json_count(changed) == 0 ? NULL : changed;
    return OK_RESULT;
}

static result change_element(const struct context *context, const struct json *element,
                             const struct json **ret) {
    const struct json *changed = NULL;
    if (context->sub != NULL) {
        TRY(change_sub(context, element, &changed));
    } else if (context->change->kind != SCIM_REMOVE) {
        REQUIRE(context->scope, context->given != NULL, INVALID, "scim.value");
        TRY(scim_element_read(context->scope, context->rules->profile, context->attribute, element,
                              context->given, &changed));
    }
    *ret = is_hollow(changed) ? NULL : changed;
    return OK_RESULT;
}

/* The values that a list of clients' shapes names, hollow ones left out. */
static result read_elements(const struct context *context, const struct json **ret) {
    const struct json *list = NULL;
    TRY(read_given(context, context->attribute, &list));
    *ret = list;
    return OK_RESULT;
}

static result add_elements(const struct context *context, const struct json *old,
                           const struct json **ret) {
    const struct json *given = NULL;
    TRY(read_elements(context, &given));
    struct building building = begin_list(context, json_count(old) + json_count(given));
    for (size_t i = 0; i < json_count(old); i++) {
        append(context, &building, json_at(old, i), false);
    }
    for (size_t i = 0; i < json_count(given); i++) {
        const struct json *element = json_at(given, i);
        size_t at = 0;
        while (at < json_count(building.list) &&
               !is_same_element(context, json_at(building.list, at), element)) {
            at++;
        }
        if (at == json_count(building.list)) {
            append(context, &building, element, true);
            continue;
        }
        const struct json *merged = NULL;
        TRY(scim_element_read(context->scope, context->rules->profile, context->attribute,
                              json_at(building.list, at), element, &merged));
        struct building next = begin_list(context, json_count(old) + json_count(given));
        for (size_t j = 0; j < json_count(building.list); j++) {
            append(context, &next, j == at ? merged : json_at(building.list, j),
                   building.is_touched[j] || j == at);
        }
        building = next;
    }
    return finish_list(context, &building, ret);
}

/* Some clients name in `value` what they want removed; to take the whole list away instead would
 * empty it. */
static bool is_named(const struct context *context, const struct json *element,
                     const struct json *named) {
    for (size_t i = 0; i < json_count(named); i++) {
        const struct json *name = json_at(named, i);
        const struct str value = sub_text(name, STR("value"));
        const bool is_match =
            value.len > 0
                ? same_text(context, STR("value"), value, sub_text(element, STR("value"))) &&
                      (json_get(name, STR("type")) == NULL ||
                       same_text(context, STR("type"), sub_text(name, STR("type")),
                                 sub_text(element, STR("type"))))
                : json_equals(name, element);
        if (is_match) {
            return true;
        }
    }
    return false;
}

static result remove_elements(const struct context *context, const struct json *old,
                              const struct json **ret) {
    if (json_kind(context->given) == JSON_NULL) {
        *ret = NULL;
        return OK_RESULT;
    }
    const struct json *named = NULL;
    TRY(read_elements(context, &named));
    struct building building = begin_list(context, json_count(old));
    for (size_t i = 0; i < json_count(old); i++) {
        if (!is_named(context, json_at(old, i), named)) {
            append(context, &building, json_at(old, i), false);
        }
    }
    return finish_list(context, &building, ret);
}

static result change_all(const struct context *context, const struct json *old,
                         const struct json **ret) {
    struct building building = begin_list(context, json_count(old) + 1);
    for (size_t i = 0; i < json_count(old); i++) {
        const struct json *element = NULL;
        TRY(change_element(context, json_at(old, i), &element));
        if (element != NULL) {
            append(context, &building, element, true);
        }
    }
    if (json_count(old) == 0) {
        const struct json *element = NULL;
        TRY(change_element(context, NULL, &element));
        if (element != NULL) {
            append(context, &building, element, true);
        }
    }
    return finish_list(context, &building, ret);
}

static result change_list(const struct context *context, const struct json *old,
                          const struct json **ret) {
    if (context->sub != NULL) {
        return change_all(context, old, ret);
    }
    switch (context->change->kind) {
    case SCIM_ADD: return add_elements(context, old, ret);
    case SCIM_REPLACE: return add_elements(context, NULL, ret);
    case SCIM_REMOVE: return remove_elements(context, old, ret);
    }
    return OK_RESULT;
}

/* The element that `type eq "work" and primary eq true` describes; NULL: it describes none. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allowed */
static bool describe(const struct context *context, const struct scim_filter *filter,
                     struct json *element) {
    if (filter->op == SCIM_AND) {
        return describe(context, filter->left, element) &&
               describe(context, filter->right, element);
    }
    if (filter->op != SCIM_EQ || json_kind(filter->value) == JSON_NULL) {
        return false;
    }
    json_set(context->scope->arena, element, filter->ref.attribute->name, filter->value);
    return true;
}

/* RFC 7644 says noTarget for a replace that finds nothing; providers expect the value to appear
 * where the filter is nothing but a usual type. */
static bool may_create(const struct context *context, const struct scim_filter *filter) {
    if (context->change->kind == SCIM_ADD) {
        return true;
    }
    return context->rules->profile->creates_absent && context->sub != NULL &&
           filter->op == SCIM_EQ &&
           scim_is_canonical(filter->ref.attribute, json_as_string(filter->value));
}

static result create_element(const struct context *context, struct building *building) {
    const struct scim_filter *filter = context->change->path.filter;
    struct json *described = json_new_object(context->scope->arena);
    const struct json *element = NULL;
    REQUIRE(context->scope, may_create(context, filter) && describe(context, filter, described),
            INVALID, "scim.no_target");
    TRY(change_element(context, described, &element));
    if (element != NULL) {
        append(context, building, element, true);
    }
    return OK_RESULT;
}

static result change_fitting(const struct context *context, const struct json *old,
                             const struct json **ret) {
    struct building building = begin_list(context, json_count(old) + 1);
    bool has_match = false;
    for (size_t i = 0; i < json_count(old); i++) {
        const struct json *element = json_at(old, i);
        const bool is_match = scim_match(context->scope, context->change->path.filter, element);
        if (is_match) {
            TRY(change_element(context, element, &element));
        }
        if (element != NULL) {
            append(context, &building, element, is_match);
        }
        has_match = has_match || is_match;
    }
    if (!has_match && context->change->kind != SCIM_REMOVE) {
        TRY(create_element(context, &building));
    }
    return finish_list(context, &building, ret);
}

static result change_single(const struct context *context, const struct json *old,
                            const struct json **ret) {
    if (context->sub != NULL) {
        return change_sub(context, old, ret);
    }
    if (context->change->kind == SCIM_REMOVE) {
        *ret = NULL;
        return OK_RESULT;
    }
    REQUIRE(context->scope, context->given != NULL, INVALID, "scim.value");
    return scim_element_read(context->scope, context->rules->profile, context->attribute, old,
                             context->given, ret);
}

static result next_value(const struct context *context, const struct json *old,
                         const struct json **ret) {
    if (context->change->path.filter != NULL) {
        return change_fitting(context, old, ret);
    }
    return context->attribute->is_multi ? change_list(context, old, ret)
                                        : change_single(context, old, ret);
}

static bool is_read_only(const struct scim_ref *ref) {
    return ref->attribute->mutability == SCIM_READ_ONLY ||
           (ref->sub != NULL && ref->sub->mutability == SCIM_READ_ONLY);
}

/* RFC 7644 section 3.5.2: a write to what is ours is refused, and so is taking away what has to be
 * there. An immutable attribute may be set once. */
static result check_mutability(struct scope *scope, const struct scim_change *change,
                               const struct json *old) {
    const struct scim_ref *ref = &change->path.ref;
    const bool is_removal = change->kind == SCIM_REMOVE;
    REQUIRE(scope, !is_read_only(ref) && !(is_removal && ref->attribute->is_required), INVALID,
            "scim.mutability");
    REQUIRE(scope,
            ref->attribute->mutability != SCIM_IMMUTABLE || old == NULL ||
                (!is_removal && json_equals(old, change->value)),
            INVALID, "scim.mutability");
    return OK_RESULT;
}

static void keep_for_rows(struct scope *scope, struct scim_row_changes *rows,
                          const struct scim_change *change) {
    if (rows->count == rows->room) {
        const size_t room = rows->room == 0 ? 8 : 2 * rows->room;
        struct scim_change *changes = NEW_ARRAY(scope->arena, room, struct scim_change);
        for (size_t i = 0; i < rows->count; i++) {
            changes[i] = rows->changes[i];
        }
        *rows = (struct scim_row_changes){rows->count, room, changes};
    }
    rows->changes[rows->count++] = *change;
}

static result apply_attribute(struct scope *scope, const struct scim_rules *rules,
                              const struct scim_change *change, struct json *holder) {
    const struct scim_ref *ref = &change->path.ref;
    if (change->skips_read_only && is_read_only(ref)) {
        return OK_RESULT;
    }
    if (ref->attribute->is_rows) {
        assert(rules->rows != NULL);
        keep_for_rows(scope, rules->rows, change);
        return OK_RESULT;
    }
    const struct json *old = json_get(holder, ref->attribute->name);
    TRY(check_mutability(scope, change, old));
    const struct context context = {scope, rules, change, ref->attribute, ref->sub, change->value};
    const struct json *value = NULL;
    TRY(next_value(&context, old, &value));
    if (value == NULL || ref->attribute->mutability == SCIM_WRITE_ONLY) {
        json_remove(holder, ref->attribute->name);
        return OK_RESULT;
    }
    json_set(scope->arena, holder, ref->attribute->name, value);
    return OK_RESULT;
}

/* "urn:…:User" as a whole: its members are attributes. */
static result apply_container(struct scope *scope, const struct scim_rules *rules,
                              const struct scim_change *change, struct json *holder) {
    const struct json *given = change->value;
    if (change->kind == SCIM_REMOVE || json_kind(given) == JSON_NULL) {
        while (json_count(holder) > 0) {
            json_remove(holder, json_member_at(holder, 0).name);
        }
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_object(given), INVALID, "scim.value");
    for (size_t i = 0; i < json_count(given); i++) {
        const struct json_member member = json_member_at(given, i);
        struct scim_change one = *change;
        one.value = member.value;
        one.path.ref.attribute = scim_schema_find(change->path.ref.extension, member.name);
        if (one.path.ref.attribute == NULL) {
            REQUIRE(scope, rules->profile->ignores_unknown, INVALID, "scim.attribute");
            continue;
        }
        TRY(apply_attribute(scope, rules, &one, holder));
    }
    return OK_RESULT;
}

result scim_apply(struct scope *scope, const struct scim_rules *rules,
                  const struct scim_change *change, struct json *resource) {
    const struct scim_ref *ref = &change->path.ref;
    if (!change->path.is_known) {
        REQUIRE(scope, rules->profile->ignores_unknown, INVALID, "scim.attribute");
        return OK_RESULT;
    }
    if (ref->extension == NULL) {
        return apply_attribute(scope, rules, change, resource);
    }
    const struct str urn = ref->extension->id;
    const struct json *old = json_get(resource, urn);
    struct json *holder =
        old == NULL ? json_new_object(scope->arena) : json_clone(scope->arena, old);
    if (ref->attribute == NULL) {
        TRY(apply_container(scope, rules, change, holder));
    } else {
        TRY(apply_attribute(scope, rules, change, holder));
    }
    if (json_count(holder) == 0) {
        json_remove(resource, urn);
        return OK_RESULT;
    }
    json_set(scope->arena, resource, urn, holder);
    return OK_RESULT;
}

/* Whole resources come back with what only we may say in them; that is no attempt to change it, as
 * long as it is the same id. */
static result check_echo(struct scope *scope, const struct scim_change *change,
                         const struct json *resource, bool *ret_is_echo) {
    const struct scim_ref *ref = &change->path.ref;
    const bool is_ours = change->path.is_known && ref->extension == NULL &&
                         ref->attribute->mutability == SCIM_READ_ONLY;
    const struct json *id = json_get(resource, STR("id"));
    REQUIRE(scope,
            !is_ours || change->skips_read_only || !str_eq(ref->attribute->name, STR("id")) ||
                json_equals(id, change->value),
            INVALID, "scim.mutability");
    *ret_is_echo = is_ours;
    return OK_RESULT;
}

static result apply_member(struct scope *scope, const struct scim_rules *rules,
                           const struct scim_change *change, struct str key,
                           struct json *resource) {
    struct scim_change one = *change;
    bool is_echo = false;
    if (!is_ok(scim_path_parse(scope, rules->type, key, &one.path))) {
        one.path = (struct scim_path){.is_known = false};
    }
    TRY(check_echo(scope, &one, resource, &is_echo));
    return is_echo ? OK_RESULT : scim_apply(scope, rules, &one, resource);
}

/* NOLINTNEXTLINE(misc-no-recursion): a core container is not looked for inside another one */
static result apply_members(struct scope *scope, const struct scim_rules *rules,
                            const struct scim_change *change, bool is_nested,
                            struct json *resource) {
    REQUIRE(scope, json_is_object(change->value), INVALID, "scim.value");
    for (size_t i = 0; i < json_count(change->value); i++) {
        const struct json_member member = json_member_at(change->value, i);
        struct scim_change one = *change;
        one.value = member.value;
        if (!is_nested && str_eq_ascii_nocase(member.name, rules->type->schema->id)) {
            TRY(apply_members(scope, rules, &one, true, resource));
            continue;
        }
        TRY(apply_member(scope, rules, &one, member.name, resource));
    }
    return OK_RESULT;
}

result scim_apply_members(struct scope *scope, const struct scim_rules *rules,
                          const struct scim_change *change, struct json *resource) {
    return apply_members(scope, rules, change, false, resource);
}
