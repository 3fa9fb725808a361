#include "provisioning/scim/scim_finder.h"

static bool names(const struct scim_ref *ref, const struct scim_attribute *attribute) {
    return ref->extension == NULL && ref->attribute == attribute;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the parser allowed */
static bool compares(const struct scim_filter *filter, const struct scim_attribute *attribute) {
    if (filter == NULL) {
        return false;
    }
    if (filter->op == SCIM_AND || filter->op == SCIM_OR || filter->op == SCIM_NOT) {
        return compares(filter->left, attribute) || compares(filter->right, attribute);
    }
    return names(&filter->ref, attribute);
}

/* RFC 7644 section 3.9: left out when it is not among what is asked for, or wholly excluded; what
 * is returned on request only has to be asked for. */
static bool shows(const struct scim_projection *projection,
                  const struct scim_attribute *attribute) {
    if (attribute->returned == SCIM_RETURNED_ALWAYS) {
        return true;
    }
    const bool is_asked = projection->is_given && !projection->is_exclusion;
    for (size_t i = 0; i < projection->count; i++) {
        const struct scim_ref *ref = &projection->refs[i];
        if (names(ref, attribute) && (is_asked || ref->sub == NULL)) {
            return is_asked;
        }
    }
    return !is_asked && attribute->returned != SCIM_RETURNED_REQUEST;
}

bool scim_window_needs(const struct scim_window *window, const struct scim_attribute *attribute) {
    return shows(window->projection, attribute) || compares(window->filter, attribute) ||
           (window->sort_by != NULL && names(window->sort_by, attribute));
}
