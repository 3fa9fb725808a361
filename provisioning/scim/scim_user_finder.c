/* People, as lists find them. */
#include "provisioning/scim/scim_finder.h"

#include "base/arena.h"
#include "provisioning/scim/scim_match.h"
#include "provisioning/scim/scim_member.h"

static bool is_indexed(struct str key) {
    return key.len > 0 && key.len <= SCIM_KEY_MAX_BYTES;
}

static bool is_sub(const struct scim_filter *term, struct str name) {
    return term->ref.attribute != NULL && str_eq(term->ref.attribute->name, name);
}

/* emails[type eq "work" and value eq "x"], and what is written emails[type eq "work"].value */
static int lookup_emails(struct scope *scope, const struct scim_filter *inside,
                         struct scim_search *ret) {
    const struct scim_filter *type = NULL;
    const struct scim_filter *value = inside;
    if (inside->op == SCIM_AND) {
        const bool is_type_first = is_sub(inside->left, STR("type"));
        type = is_type_first ? inside->left : inside->right;
        value = is_type_first ? inside->right : inside->left;
        if (type->op != SCIM_EQ || !is_sub(type, STR("type")) || !json_is_string(type->value)) {
            return 0;
        }
    }
    if (value->op != SCIM_EQ || !is_sub(value, STR("value")) || !json_is_string(value->value)) {
        return 0;
    }
    const struct str key = scim_key(scope, json_as_string(value->value));
    const struct str type_key =
        type == NULL ? STR("") : scim_key(scope, json_as_string(type->value));
    if (!is_indexed(key) || (type != NULL && !is_indexed(type_key))) {
        return 0;
    }
    *ret = (struct scim_search){type == NULL ? BY_EMAIL : BY_TYPED_EMAIL, key, type_key};
    return type == NULL ? 4 : 3;
}

static int lookup_text(struct scope *scope, const struct scim_filter *term,
                       struct str connection_id, struct scim_search *ret) {
    const struct str text = json_as_string(term->value);
    const struct str key = scim_key(scope, text);
    if (scim_term_is(term, STR("id"))) {
        *ret = (struct scim_search){BY_ID, text, {"", 0}};
        return 1;
    }
    if (scim_term_is(term, STR("userName"))) {
        *ret = (struct scim_search){BY_USER_NAME, key, {"", 0}};
        return 1;
    }
    if (scim_term_is(term, STR("externalId"))) {
        *ret = (struct scim_search){BY_EXTERNAL_ID, connection_id, text};
        return 2;
    }
    if (scim_term_is(term, STR("emails")) && is_indexed(key)) {
        *ret = (struct scim_search){BY_EMAIL, key, {"", 0}};
        return 4;
    }
    if (term->ref.attribute == SCIM_GROUPS && scim_term_is(term, SCIM_GROUPS->name)) {
        *ret = (struct scim_search){BY_GROUP, text, {"", 0}};
        return 6;
    }
    if (scim_term_is(term, STR("displayName")) && is_indexed(key)) {
        *ret = (struct scim_search){BY_DISPLAY_NAME, key, {"", 0}};
        return 5;
    }
    return 0;
}

static int lookup(struct scope *scope, struct str connection_id, const struct scim_filter *term,
                  struct scim_search *ret) {
    if (term->op == SCIM_VALUE_PATH && scim_term_is(term, STR("emails"))) {
        return lookup_emails(scope, term->left, ret);
    }
    if (term->op != SCIM_EQ) {
        return 0;
    }
    if (scim_term_is(term, STR("active")) && json_is_boolean(term->value)) {
        ret->by = json_as_boolean(term->value) ? BY_ACTIVE : BY_INACTIVE;
        return ret->by == BY_ACTIVE ? 8 : 7;
    }
    return json_is_string(term->value) ? lookup_text(scope, term, connection_id, ret) : 0;
}

/* Their groups only to whom asks for them. */
static result show(struct scope *scope, const struct scim_source *source, struct db *db,
                   const struct scim_window *window, const struct scim_row *row,
                   const struct json **ret) {
    struct scim_person person;
    const struct json *groups = NULL;
    TRY(scim_record_read(scope, source, row, &person));
    struct json *shown = scim_record_show(scope, source, &person);
    if (scim_window_needs(window, SCIM_GROUPS)) {
        TRY(scim_member_groups(scope, source, db, row->id, &groups));
    }
    if (groups != NULL) {
        json_add(scope->arena, shown, SCIM_GROUPS->name, groups);
    }
    *ret = shown;
    return OK_RESULT;
}

static result find(struct scope *scope, const struct scim_source *source, struct db *db,
                   const struct scim_window *window, struct scim_items *ret) {
    struct scim_row_range range = {window->after, window->limit};
    struct scim_row_list list;
    *ret = (struct scim_items){0};
    if (window->skip > 0) {
        TRY(scim_user_store_place(scope, db, source->org_id, &window->search, window->skip,
                                  &range.after));
        if (range.after.len == 0) {
            return OK_RESULT;
        }
    }
    TRY(scim_user_store_search(scope, db, source->org_id, &window->search, range, &list));
    struct scim_item *items = NEW_ARRAY(scope->arena, list.count, struct scim_item);
    for (size_t i = 0; i < list.count; i++) {
        items[i].key = list.rows[i].user.id;
        TRY(show(scope, source, db, window, &list.rows[i], &items[i].shown));
    }
    *ret = (struct scim_items){list.count, items};
    return OK_RESULT;
}

static result count(struct scope *scope, const struct scim_source *source, struct db *db,
                    const struct scim_search *search, int64_t *ret) {
    return scim_user_store_count(scope, db, source->org_id, search, ret);
}

const struct scim_finder SCIM_USER_FINDER = {
    .type = &SCIM_USER_TYPE,
    .lookup = lookup,
    .find = find,
    .count = count,
};
