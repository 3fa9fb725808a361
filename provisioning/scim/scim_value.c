#include "provisioning/scim/scim_value.h"

#include "base/time_text.h"
#include "provisioning/scim/scim_filter.h"

#define BAD(scope) FAIL(scope, INVALID, "scim.value")

static bool is_unassigned(const struct json *json) {
    if (json_is_string(json)) {
        return json_as_string(json).len == 0;
    }
    if (json_is_array(json) || json_is_object(json)) {
        return json_count(json) == 0;
    }
    return json_kind(json) == JSON_NULL;
}

/* RFC 7643 section 2.3.6: base64, padding optional; the URL alphabet is seen as well. */
static bool is_base64(struct str text) {
    size_t len = text.len;
    while (len > 0 && text.len - len < 2 && text.at[len - 1] == '=') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        const char byte = text.at[i];
        const bool is_digit = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                              (byte >= '0' && byte <= '9');
        if (!is_digit && str_find_byte(STR("+/-_"), byte) < 0) {
            return false;
        }
    }
    return len % 4 != 1;
}

static result read_boolean(struct scope *scope, const struct scim_profile *profile,
                           const struct json *json, const struct json **ret) {
    bool value = false;
    if (json_is_boolean(json)) {
        *ret = json;
        return OK_RESULT;
    }
    if (!profile->reads_boolean_text || !scim_boolean_parse(json_as_string(json), &value)) {
        return BAD(scope);
    }
    *ret = json_new_boolean(scope->arena, value);
    return OK_RESULT;
}

static result read_text(struct scope *scope, enum scim_kind kind, const struct json *json,
                        const struct json **ret) {
    const struct str text = json_as_string(json);
    int64_t us = 0;
    const bool is_text = json_is_string(json) && text.len <= SCIM_STRING_MAX_BYTES;
    if (!is_text || (kind == SCIM_BINARY && !is_base64(text)) ||
        (kind == SCIM_DATE_TIME && !is_ok(time_parse(scope, text, &us)))) {
        return BAD(scope);
    }
    *ret = json;
    return OK_RESULT;
}

static result read_number(struct scope *scope, enum scim_kind kind, const struct json *json,
                          const struct json **ret) {
    const bool is_integer = json_kind(json) == JSON_INTEGER;
    if (!is_integer && (kind == SCIM_INTEGER || json_kind(json) != JSON_REAL)) {
        return BAD(scope);
    }
    *ret = json;
    return OK_RESULT;
}

static result read_simple(struct scope *scope, const struct scim_profile *profile,
                          const struct scim_attribute *attribute, const struct json *json,
                          const struct json **ret) {
    switch (attribute->kind) {
    case SCIM_BOOLEAN: return read_boolean(scope, profile, json, ret);
    case SCIM_INTEGER:
    case SCIM_DECIMAL: return read_number(scope, attribute->kind, json, ret);
    case SCIM_STRING:
    case SCIM_DATE_TIME:
    case SCIM_BINARY:
    case SCIM_REFERENCE: return read_text(scope, attribute->kind, json, ret);
    case SCIM_COMPLEX:
    case SCIM_KIND_COUNT: break;
    }
    return BAD(scope);
}

/* NOLINTNEXTLINE(misc-no-recursion): attributes have sub-attributes, those have none */
static result set_sub(struct scope *scope, const struct scim_profile *profile,
                      const struct scim_attribute *attribute, struct json_member member,
                      struct json *object) {
    const struct scim_attribute *sub = scim_sub_find(attribute, member.name);
    if (sub == NULL) {
        REQUIRE(scope, profile->ignores_unknown, INVALID, "scim.attribute");
        return OK_RESULT;
    }
    if (sub->mutability == SCIM_READ_ONLY) {
        return OK_RESULT; /* ours to say, not the client's */
    }
    const struct json *value = NULL;
    TRY(scim_value_read(scope, profile, sub, member.value, &value));
    if (value == NULL) {
        json_remove(object, sub->name);
        return OK_RESULT;
    }
    json_set(scope->arena, object, sub->name, value);
    return OK_RESULT;
}

/* A plain value for a complex attribute means its "value". */
static const struct json *as_object(struct scope *scope, const struct scim_profile *profile,
                                    const struct scim_attribute *attribute,
                                    const struct json *json) {
    const struct scim_attribute *value = scim_default_sub(attribute);
    if (json_is_object(json) || !profile->reshapes_values || value == NULL) {
        return json;
    }
    struct json *object = json_new_object(scope->arena);
    json_set(scope->arena, object, value->name, json);
    return object;
}

/* {"value": ""} takes the whole of it away: without its value the rest means nothing. */
static bool clears_value(const struct scim_attribute *attribute, const struct json *given) {
    const struct scim_attribute *value = scim_default_sub(attribute);
    for (size_t i = 0; value != NULL && i < json_count(given); i++) {
        const struct json_member member = json_member_at(given, i);
        if (str_eq_ascii_nocase(member.name, value->name)) {
            return is_unassigned(member.value);
        }
    }
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): attributes have sub-attributes, those have none */
static result read_complex(struct scope *scope, const struct scim_profile *profile,
                           const struct scim_attribute *attribute, const struct json *base,
                           const struct json *json, const struct json **ret) {
    const struct json *given = as_object(scope, profile, attribute, json);
    if (!json_is_object(given)) {
        return BAD(scope);
    }
    struct json *object =
        base == NULL ? json_new_object(scope->arena) : json_clone(scope->arena, base);
    for (size_t i = 0; i < json_count(given); i++) {
        TRY(set_sub(scope, profile, attribute, json_member_at(given, i), object));
    }
    *ret = json_count(object) == 0 || clears_value(attribute, given) ? NULL : object;
    return OK_RESULT;
}

/* [x] for x. */
static const struct json *unlisted(const struct json *json) {
    return json_is_array(json) && json_count(json) == 1 ? json_at(json, 0) : json;
}

/* {"$ref": null, "value": x} for x: how some clients write every value. */
static const struct json *unwrapped(const struct json *json) {
    const struct json *value = json_is_object(json) ? json_get(json, STR("value")) : NULL;
    return value != NULL ? value : json;
}

/* NOLINTNEXTLINE(misc-no-recursion): attributes have sub-attributes, those have none */
result scim_element_read(struct scope *scope, const struct scim_profile *profile,
                         const struct scim_attribute *attribute, const struct json *base,
                         const struct json *json, const struct json **ret) {
    json = profile->reshapes_values ? unlisted(json) : json;
    if (profile->reshapes_values && attribute->kind != SCIM_COMPLEX) {
        json = unwrapped(json);
    }
    if (is_unassigned(json)) {
        *ret = NULL;
        return OK_RESULT;
    }
    if (attribute->kind == SCIM_COMPLEX) {
        return read_complex(scope, profile, attribute, base, json, ret);
    }
    return read_simple(scope, profile, attribute, json, ret);
}

/* NOLINTNEXTLINE(misc-no-recursion): attributes have sub-attributes, those have none */
static result read_list(struct scope *scope, const struct scim_profile *profile,
                        const struct scim_attribute *attribute, const struct json *json,
                        const struct json **ret) {
    if (!json_is_array(json) || json_count(json) > SCIM_MAX_VALUES) {
        return BAD(scope);
    }
    struct json *list = json_new_array(scope->arena);
    for (size_t i = 0; i < json_count(json); i++) {
        const struct json *element = NULL;
        TRY(scim_element_read(scope, profile, attribute, NULL, json_at(json, i), &element));
        if (element != NULL) {
            json_append(scope->arena, list, element);
        }
    }
    *ret = json_count(list) == 0 ? NULL : list;
    return OK_RESULT;
}

/* NOLINTNEXTLINE(misc-no-recursion): attributes have sub-attributes, those have none */
result scim_value_read(struct scope *scope, const struct scim_profile *profile,
                       const struct scim_attribute *attribute, const struct json *json,
                       const struct json **ret) {
    if (!attribute->is_multi) {
        return scim_element_read(scope, profile, attribute, NULL, json, ret);
    }
    if (is_unassigned(json)) {
        *ret = NULL;
        return OK_RESULT;
    }
    if (!json_is_array(json) && profile->reshapes_values) {
        struct json *list = json_new_array(scope->arena);
        json_append(scope->arena, list, json);
        json = list;
    }
    return read_list(scope, profile, attribute, json, ret);
}

bool scim_active_read(const struct json *json, bool *ret) {
    json = unwrapped(unlisted(json));
    if (json_is_boolean(json)) {
        *ret = json_as_boolean(json);
        return true;
    }
    return scim_boolean_parse(json_as_string(json), ret);
}

static result check_members(struct scope *scope, const struct json *json) {
    REQUIRE(scope, json_count(json) <= SCIM_MAX_MEMBERS, TOO_LARGE, "scim.members");
    for (size_t i = 0; i < json_count(json); i++) {
        const struct str name = json_member_at(json, i).name;
        for (size_t j = 0; j < i; j++) {
            REQUIRE(scope, !str_eq_ascii_nocase(name, json_member_at(json, j).name), INVALID,
                    "scim.duplicate_name");
        }
    }
    return OK_RESULT;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the JSON reader allowed */
result scim_names_check(struct scope *scope, const struct json *json) {
    if (json_is_object(json)) {
        TRY(check_members(scope, json));
        for (size_t i = 0; i < json_count(json); i++) {
            TRY(scim_names_check(scope, json_member_at(json, i).value));
        }
    }
    for (size_t i = 0; json_is_array(json) && i < json_count(json); i++) {
        TRY(scim_names_check(scope, json_at(json, i)));
    }
    return OK_RESULT;
}
