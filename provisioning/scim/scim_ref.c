#include "provisioning/scim/scim_ref.h"

static bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_name_byte(char byte) {
    return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

bool scim_is_name(struct str text) {
    if (str_has_prefix(text, STR("$"))) {
        text = str_from(text, 1);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_name_byte(text.at[i])) {
            return false;
        }
    }
    return text.len > 0 && is_letter(text.at[0]);
}

/* RFC 8141: what a URN is made of, as far as ours go. */
static bool is_urn(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (!is_name_byte(text.at[i]) && str_find_byte(STR(":./$%"), text.at[i]) < 0) {
            return false;
        }
    }
    return text.len > 0;
}

static bool has_prefix_nocase(struct str text, struct str prefix) {
    return text.len >= prefix.len && str_eq_ascii_nocase(str_first(text, prefix.len), prefix);
}

/* Takes "urn:" off the front when it is one of the type's schemas. The URNs hold dots and colons,
 * so that only the known ones tell where they end. */
static struct str take_schema(const struct scim_type *type, struct str text,
                              const struct scim_schema **ret_extension, bool *ret_is_container) {
    const struct str core = type->schema->id;
    if (has_prefix_nocase(text, core) && text.len > core.len && text.at[core.len] == ':') {
        return str_from(text, core.len + 1);
    }
    for (size_t i = 0; i < type->extension_count; i++) {
        const struct scim_schema *schema = type->extensions[i].schema;
        if (!has_prefix_nocase(text, schema->id)) {
            continue;
        }
        const bool is_all = text.len == schema->id.len;
        if (is_all || text.at[schema->id.len] == ':') {
            *ret_extension = schema;
            *ret_is_container = is_all;
            return str_from(text, schema->id.len + 1);
        }
    }
    return text;
}

static result resolve(struct scope *scope, const struct scim_type *type, struct str text,
                      struct scim_ref *ref, bool *ret_is_known) {
    struct str name;
    const struct str sub = str_split(text, '.', &name);
    const bool has_sub = name.len < text.len;
    REQUIRE(scope, scim_is_name(name) && (!has_sub || scim_is_name(sub)), INVALID, "scim.path");
    ref->attribute = ref->extension == NULL ? scim_core_find(type, name)
                                            : scim_schema_find(ref->extension, name);
    if (ref->attribute != NULL && has_sub) {
        ref->sub = scim_sub_find(ref->attribute, sub);
    }
    *ret_is_known = ref->attribute != NULL && (!has_sub || ref->sub != NULL);
    return OK_RESULT;
}

result scim_ref_parse(struct scope *scope, const struct scim_type *type, struct str text,
                      struct scim_ref *ret, bool *ret_is_known) {
    struct scim_ref ref = {0};
    bool is_container = false;
    const struct str rest = take_schema(type, text, &ref.extension, &is_container);
    bool is_known = is_container;
    if (!is_container && str_find_byte(rest, ':') >= 0) {
        REQUIRE(scope, is_urn(rest), INVALID, "scim.path");
    } else if (!is_container) {
        TRY(resolve(scope, type, rest, &ref, &is_known));
    }
    *ret = ref;
    *ret_is_known = is_known;
    return OK_RESULT;
}

const struct scim_attribute *scim_ref_target(const struct scim_ref *ref) {
    return ref->sub != NULL ? ref->sub : ref->attribute;
}
