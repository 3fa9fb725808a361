#include "provisioning/scim/scim_query.h"

bool scim_term_is(const struct scim_filter *term, struct str attribute) {
    const struct scim_ref *ref = &term->ref;
    return ref->attribute != NULL && ref->extension == NULL &&
           str_eq(ref->attribute->name, attribute) &&
           (ref->sub == NULL || str_eq(ref->sub->name, STR("value")));
}

/* Of one type every resource has the same meta.resourceType. */
static bool is_type_term(const struct scim_filter *term) {
    const struct scim_ref *ref = &term->ref;
    return term->op == SCIM_EQ && ref->attribute != NULL && ref->extension == NULL &&
           ref->sub != NULL && str_eq(ref->attribute->name, STR("meta")) &&
           str_eq(ref->sub->name, STR("resourceType")) && json_is_string(term->value);
}

struct plan {
    struct scim_query query;
    int best;            /* 0: nothing yet */
    unsigned unanswered; /* comparisons, but for the one that is searched by */
};

static void add_term(struct scope *scope, scim_lookup_function *lookup,
                     const struct scim_filter *term, struct str connection_id, struct plan *plan) {
    struct scim_search search = {.by = BY_NOTHING};
    const int rows = lookup(scope, connection_id, term, &search);
    if (rows == 0) {
        plan->unanswered++;
        return;
    }
    if (plan->best == 0) {
        plan->best = rows;
        plan->query.search = search;
        return;
    }
    plan->unanswered++;
    if (rows < plan->best) {
        plan->best = rows;
        plan->query.search = search;
    }
}

struct scim_query scim_query_plan(struct scope *scope, const struct scim_type *type,
                                  scim_lookup_function *lookup, const struct scim_filter *filter,
                                  struct str connection_id) {
    struct plan plan = {.query = {.search = {.by = BY_NOTHING}}};
    while (filter != NULL) { /* the parser leans its trees to the left */
        const bool is_last = filter->op != SCIM_AND;
        const struct scim_filter *term = is_last ? filter : filter->right;
        if (!is_type_term(term)) {
            add_term(scope, lookup, term, connection_id, &plan);
        } else if (!str_eq(json_as_string(term->value), type->name)) {
            plan.query.is_nothing = true;
        }
        filter = is_last ? NULL : filter->left;
    }
    plan.query.has_rest = plan.unanswered > 0;
    return plan.query;
}
