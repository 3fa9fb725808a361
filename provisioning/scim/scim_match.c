#include "provisioning/scim/scim_match.h"

#include <assert.h>

#include "base/fold.h"
#include "base/time_text.h"

struct str scim_key(struct scope *scope, struct str text) {
    struct str key;
    return is_ok(fold_key(scope, text, &key)) ? key : text;
}

static bool holds_order(enum scim_operator op, int order) {
    switch (op) {
    case SCIM_EQ: return order == 0;
    case SCIM_NE: return order != 0;
    case SCIM_GT: return order > 0;
    case SCIM_GE: return order >= 0;
    case SCIM_LT: return order < 0;
    case SCIM_LE: return order <= 0;
    case SCIM_CO:
    case SCIM_SW:
    case SCIM_EW:
    case SCIM_PR:
    case SCIM_AND:
    case SCIM_OR:
    case SCIM_NOT:
    case SCIM_VALUE_PATH:
    case SCIM_OPERATOR_COUNT: return false;
    }
    return false;
}

static bool holds_text(enum scim_operator op, struct str have, struct str want) {
    if (op == SCIM_CO) {
        return str_find(have, want) >= 0;
    }
    if (op == SCIM_SW) {
        return str_has_prefix(have, want);
    }
    if (op == SCIM_EW) {
        return str_has_suffix(have, want);
    }
    return holds_order(op, str_compare(have, want));
}

static bool compare_text(struct scope *scope, const struct scim_attribute *target,
                         enum scim_operator op, struct str have, struct str want) {
    if (target->is_case_exact) {
        return holds_text(op, have, want);
    }
    return holds_text(op, scim_key(scope, have), scim_key(scope, want));
}

static bool compare_time(struct scope *scope, enum scim_operator op, struct str have,
                         struct str want) {
    int64_t have_us = 0;
    int64_t want_us = 0;
    if (is_ok(time_parse(scope, have, &have_us)) && is_ok(time_parse(scope, want, &want_us)) &&
        op != SCIM_CO && op != SCIM_SW && op != SCIM_EW) {
        return holds_order(op, have_us < want_us ? -1 : have_us > want_us);
    }
    return holds_text(op, have, want);
}

static bool compare(struct scope *scope, const struct scim_filter *term,
                    const struct scim_attribute *target, const struct json *have) {
    const struct str text = json_as_string(have);
    const struct str want = json_as_string(term->value);
    switch (target->kind) {
    case SCIM_BOOLEAN: return holds_order(term->op, !json_equals(have, term->value));
    case SCIM_INTEGER:
    case SCIM_DECIMAL: {
        const double a = json_as_real(have);
        const double b = json_as_real(term->value);
        return holds_order(term->op, a < b ? -1 : a > b);
    }
    case SCIM_DATE_TIME: return compare_time(scope, term->op, text, want);
    case SCIM_STRING:
    case SCIM_BINARY:
    case SCIM_REFERENCE: return compare_text(scope, target, term->op, text, want);
    case SCIM_COMPLEX:
    case SCIM_KIND_COUNT: return false;
    }
    return false;
}

static bool is_present(const struct json *json) {
    if (json_is_string(json)) {
        return json_as_string(json).len > 0;
    }
    return json_is_array(json) || json_is_object(json) ? json_count(json) > 0
                                                       : json_kind(json) != JSON_NULL;
}

/* One value: the object of a complex attribute, or the plain value. */
static bool term_holds(struct scope *scope, const struct scim_filter *term,
                       const struct json *value) {
    const struct json *have = term->ref.sub == NULL ? value : json_get(value, term->ref.sub->name);
    if (term->op == SCIM_PR) {
        return is_present(have);
    }
    return is_present(have) && compare(scope, term, scim_ref_target(&term->ref), have);
}

/* NULL also for what the type does not have. */
static const struct json *attribute_of(const struct scim_ref *ref, const struct json *json) {
    if (ref->attribute == NULL) {
        return NULL;
    }
    const struct json *holder = ref->extension == NULL ? json : json_get(json, ref->extension->id);
    return json_get(holder, ref->attribute->name);
}

static bool any_holds(struct scope *scope, const struct scim_filter *term,
                      const struct json *value) {
    if (!json_is_array(value)) {
        return term_holds(scope, term, value);
    }
    for (size_t i = 0; i < json_count(value); i++) {
        if (term_holds(scope, term, json_at(value, i))) {
            return true;
        }
    }
    return false;
}

static bool has_any(struct scope *scope, const struct scim_filter *term, const struct json *value) {
    const struct scim_filter present = {.op = SCIM_PR, .ref = term->ref};
    return any_holds(scope, &present, value);
}

/* Absent and null are one state (RFC 7643 section 2.5): `eq null` is "not there", and what is not
 * there differs from every value. */
static bool comparison_holds(struct scope *scope, const struct scim_filter *term,
                             const struct json *json) {
    const struct json *value = attribute_of(&term->ref, json);
    if (term->op != SCIM_PR && json_kind(term->value) == JSON_NULL) {
        return has_any(scope, term, value) == (term->op == SCIM_NE);
    }
    if (term->op == SCIM_NE && !has_any(scope, term, value)) {
        return true;
    }
    return any_holds(scope, term, value);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allowed */
static bool value_path_holds(struct scope *scope, const struct scim_filter *filter,
                             const struct json *json) {
    const struct json *values = attribute_of(&filter->ref, json);
    for (size_t i = 0; i < json_count(values); i++) {
        if (scim_match(scope, filter->left, json_at(values, i))) {
            return true;
        }
    }
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allowed */
bool scim_match(struct scope *scope, const struct scim_filter *filter, const struct json *json) {
    switch (filter->op) {
    case SCIM_AND:
        return scim_match(scope, filter->left, json) && scim_match(scope, filter->right, json);
    case SCIM_OR:
        return scim_match(scope, filter->left, json) || scim_match(scope, filter->right, json);
    case SCIM_NOT: return !scim_match(scope, filter->left, json);
    case SCIM_VALUE_PATH: return value_path_holds(scope, filter, json);
    case SCIM_EQ:
    case SCIM_NE:
    case SCIM_CO:
    case SCIM_SW:
    case SCIM_EW:
    case SCIM_PR:
    case SCIM_GT:
    case SCIM_GE:
    case SCIM_LT:
    case SCIM_LE: return comparison_holds(scope, filter, json);
    case SCIM_OPERATOR_COUNT: break;
    }
    assert(false);
    return false;
}
