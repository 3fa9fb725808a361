#pragma once
/* Filters (RFC 7644 section 3.4.2.2): the whole grammar, parsed into a tree whose names are
 * resolved and whose comparisons fit their attributes, so that nobody behind has to doubt them. */

#include "base/json.h"
#include "provisioning/scim/scim_ref.h"

enum { SCIM_FILTER_MAX_BYTES = 4096, SCIM_FILTER_MAX_DEPTH = 16, SCIM_FILTER_MAX_TERMS = 64 };

enum scim_operator {
    SCIM_EQ,
    SCIM_NE,
    SCIM_CO,
    SCIM_SW,
    SCIM_EW,
    SCIM_PR,
    SCIM_GT,
    SCIM_GE,
    SCIM_LT,
    SCIM_LE,
    SCIM_AND,
    SCIM_OR,
    SCIM_NOT,
    SCIM_VALUE_PATH, /* attribute[left] */
    SCIM_OPERATOR_COUNT
};

struct scim_filter {
    enum scim_operator op;
    struct scim_ref ref;      /* comparisons and value paths; inside brackets: the sub-attribute as
                                 `attribute` */
    const struct json *value; /* comparisons: of the attribute's type, or null */
    const struct scim_filter *left, *right;
};

/* INVALID "scim.filter". */
RESULT scim_filter_parse(struct scope *scope, const struct scim_type *type, struct str text,
                         const struct scim_filter **ret);
/* Of one among several types: what it does not have is unassigned, and its reference has no
 * attribute. */
RESULT scim_filter_parse_any(struct scope *scope, const struct scim_type *type, struct str text,
                             const struct scim_filter **ret);
/* What stands between "[" and "]", for values of `attribute` (NULL: an unknown one, of which only
 * the grammar is checked). *ret_rest is what follows the bracket. */
RESULT scim_filter_parse_bracket(struct scope *scope, const struct scim_attribute *attribute,
                                 struct str text, const struct scim_filter **ret,
                                 struct str *ret_rest);
/* "True", "false" … of clients that quote booleans. */
bool scim_boolean_parse(struct str text, bool *ret);
