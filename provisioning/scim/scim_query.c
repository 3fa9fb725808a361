#include "provisioning/scim/scim_query.h"

#include "base/arena.h"
#include "provisioning/scim/scim_match.h"

static bool is_attribute(const struct scim_ref *ref, struct str name) {
    return ref->extension == NULL && str_eq(ref->attribute->name, name);
}

static bool is_value(const struct scim_ref *ref) {
    return ref->sub != NULL && str_eq(ref->sub->name, STR("value"));
}

static bool search_text(struct scope *scope, const struct scim_filter *term,
                        struct str connection_id, struct scim_search *ret) {
    const struct str text = json_as_string(term->value);
    const struct str key = scim_key(scope, text);
    if (is_attribute(&term->ref, STR("id"))) {
        *ret = (struct scim_search){BY_ID, text, {"", 0}};
        return true;
    }
    if (is_attribute(&term->ref, STR("userName"))) {
        *ret = (struct scim_search){BY_USER_NAME, key, {"", 0}};
        return true;
    }
    if (is_attribute(&term->ref, STR("externalId"))) {
        *ret = (struct scim_search){BY_EXTERNAL_ID, connection_id, text};
        return true;
    }
    if (is_attribute(&term->ref, STR("emails")) && is_value(&term->ref)) {
        *ret = (struct scim_search){BY_EMAIL, key, {"", 0}};
        return true;
    }
    if (is_attribute(&term->ref, STR("displayName"))) {
        *ret = (struct scim_search){BY_DISPLAY_NAME, key, {"", 0}};
        return true;
    }
    return false;
}

/* emails[type eq "work" and value eq "x"], and what is written emails[type eq "work"].value */
static bool search_typed_email(struct scope *scope, const struct scim_filter *path,
                               struct scim_search *ret) {
    const struct scim_filter *type = path->left->left;
    const struct scim_filter *value = path->left->right;
    if (!is_attribute(&path->ref, STR("emails")) || path->left->op != SCIM_AND ||
        type->op != SCIM_EQ || value->op != SCIM_EQ || !json_is_string(type->value) ||
        !json_is_string(value->value)) {
        return false;
    }
    if (str_eq(type->ref.attribute->name, STR("value"))) {
        const struct scim_filter *swapped = type;
        type = value;
        value = swapped;
    }
    if (!str_eq(type->ref.attribute->name, STR("type")) ||
        !str_eq(value->ref.attribute->name, STR("value"))) {
        return false;
    }
    *ret = (struct scim_search){BY_TYPED_EMAIL, scim_key(scope, json_as_string(value->value)),
                                scim_key(scope, json_as_string(type->value))};
    return true;
}

static bool search_term(struct scope *scope, const struct scim_filter *term,
                        struct str connection_id, struct scim_search *ret) {
    if (term->op == SCIM_VALUE_PATH) {
        return search_typed_email(scope, term, ret);
    }
    if (term->op != SCIM_EQ) {
        return false;
    }
    if (is_attribute(&term->ref, STR("active")) && json_is_boolean(term->value)) {
        ret->by = json_as_boolean(term->value) ? BY_ACTIVE : BY_INACTIVE;
        return true;
    }
    return json_is_string(term->value) && search_text(scope, term, connection_id, ret);
}

/* Fewer rows first. */
static int rank(enum scim_by by) {
    static const int RANKS[] = {
        [BY_NOTHING] = 9,      [BY_ID] = 0,          [BY_USER_NAME] = 1,
        [BY_EXTERNAL_ID] = 2,  [BY_TYPED_EMAIL] = 3, [BY_EMAIL] = 4,
        [BY_DISPLAY_NAME] = 5, [BY_INACTIVE] = 6,    [BY_ACTIVE] = 7,
    };
    return RANKS[by];
}

struct scim_query scim_query_plan(struct scope *scope, const struct scim_filter *filter,
                                  struct str connection_id) {
    struct scim_query query = {.search = {.by = BY_NOTHING}};
    bool is_last = filter == NULL;
    const bool is_one_term = !is_last && filter->op != SCIM_AND;
    while (!is_last) { /* the parser leans its trees to the left */
        struct scim_search search = {.by = BY_NOTHING};
        is_last = filter->op != SCIM_AND;
        const struct scim_filter *term = is_last ? filter : filter->right;
        if (search_term(scope, term, connection_id, &search) &&
            rank(search.by) < rank(query.search.by)) {
            query.search = search;
        }
        query.has_rest = !(is_one_term && query.search.by != BY_NOTHING);
        filter = filter->left;
    }
    return query;
}
