#include "provisioning/scim/scim_path.h"

/* ".sub" behind the bracket, or nothing. */
static result parse_sub(struct scope *scope, struct str rest, struct scim_path *path) {
    rest = str_trim_blanks(rest);
    if (str_is_empty(rest)) {
        return OK_RESULT;
    }
    const struct str name = str_from(rest, 1);
    REQUIRE(scope, rest.at[0] == '.' && scim_is_name(name), INVALID, "scim.path");
    path->ref.sub = path->is_known ? scim_sub_find(path->ref.attribute, name) : NULL;
    path->is_known = path->ref.sub != NULL;
    return OK_RESULT;
}

result scim_path_parse(struct scope *scope, const struct scim_type *type, struct str text,
                       struct scim_path *ret) {
    struct scim_path path = {0};
    text = str_trim_blanks(text);
    REQUIRE(scope, text.len <= SCIM_FILTER_MAX_BYTES, INVALID, "scim.path");
    const ptrdiff_t bracket = str_find_byte(text, '[');
    const struct str head = bracket < 0 ? text : str_first(text, (size_t) bracket);
    TRY(scim_ref_parse(scope, type, head, &path.ref, &path.is_known));
    if (bracket >= 0) {
        const struct scim_attribute *attribute = path.is_known ? path.ref.attribute : NULL;
        const bool takes_filter =
            !path.is_known || (attribute != NULL && path.ref.sub == NULL && attribute->is_multi &&
                               attribute->kind == SCIM_COMPLEX);
        REQUIRE(scope, takes_filter, INVALID, "scim.path");
        struct str rest;
        TRY(scim_filter_parse_bracket(scope, attribute, str_from(text, (size_t) bracket + 1),
                                      &path.filter, &rest));
        TRY(parse_sub(scope, rest, &path));
    }
    *ret = path;
    return OK_RESULT;
}
