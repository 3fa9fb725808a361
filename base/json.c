#include "base/json.h"

#include <assert.h>

#include "base/json_parse.h"
#include "base/json_tree.h"

result json_read(struct scope *scope, struct str text, const struct json **ret) {
    static const struct json_limits LIMITS = {
        .depth = JSON_MAX_DEPTH, .values = JSON_MAX_VALUES, .members = JSON_MAX_MEMBERS};
    REQUIRE(scope, text.len <= JSON_MAX_BYTES, TOO_LARGE, "json.size");
    return json_parse(scope, text, &LIMITS, ret);
}

enum json_kind json_kind(const struct json *json) {
    return json == NULL ? JSON_NULL : json->kind;
}

bool json_is_object(const struct json *json) {
    return json_kind(json) == JSON_OBJECT;
}

bool json_is_array(const struct json *json) {
    return json_kind(json) == JSON_ARRAY;
}

bool json_is_string(const struct json *json) {
    return json_kind(json) == JSON_STRING;
}

bool json_is_boolean(const struct json *json) {
    return json_kind(json) == JSON_TRUE || json_kind(json) == JSON_FALSE;
}

bool json_as_boolean(const struct json *json) {
    return json_kind(json) == JSON_TRUE;
}

struct str json_as_string(const struct json *json) {
    return json_is_string(json) ? json->text : STR("");
}

int64_t json_as_integer(const struct json *json) {
    return json_kind(json) == JSON_INTEGER ? json->integer : 0;
}

double json_as_real(const struct json *json) {
    if (json_kind(json) == JSON_REAL) {
        return json->real;
    }
    return (double) json_as_integer(json);
}

size_t json_count(const struct json *json) {
    return json_is_object(json) || json_is_array(json) ? json->count : 0;
}

const struct json *json_at(const struct json *json, size_t index) {
    return json_is_array(json) && index < json->count ? json->elements[index] : NULL;
}

struct json_member json_member_at(const struct json *json, size_t index) {
    return json_is_object(json) && index < json->count ? json->members[index]
                                                       : (struct json_member){STR(""), NULL};
}

const struct json *json_get(const struct json *json, struct str name) {
    for (size_t i = 0; json_is_object(json) && i < json->count; i++) {
        if (str_eq(json->members[i].name, name)) {
            return json->members[i].value;
        }
    }
    return NULL;
}

/* NULL in *ret when the member is absent or null. */
static result find_value(struct scope *scope, const struct json *json, struct str name,
                         const struct json **ret) {
    REQUIRE(scope, json == NULL || json->kind == JSON_OBJECT, INVALID, "json.type");
    const struct json *value = json_get(json, name);
    *ret = json_kind(value) == JSON_NULL ? NULL : value;
    return OK_RESULT;
}

result json_need_string(struct scope *scope, const struct json *json, struct str name,
                        struct str *ret) {
    const struct json *value = NULL;
    TRY(find_value(scope, json, name, &value));
    REQUIRE(scope, value != NULL, INVALID, "json.missing");
    REQUIRE(scope, value->kind == JSON_STRING, INVALID, "json.type");
    *ret = value->text;
    return OK_RESULT;
}

result json_optional_string(struct scope *scope, const struct json *json, struct str name,
                            struct str *ret) {
    const struct json *value = NULL;
    TRY(find_value(scope, json, name, &value));
    REQUIRE(scope, value == NULL || value->kind == JSON_STRING, INVALID, "json.type");
    *ret = value == NULL ? *ret : value->text;
    return OK_RESULT;
}

result json_optional_boolean(struct scope *scope, const struct json *json, struct str name,
                             bool *ret) {
    const struct json *value = NULL;
    TRY(find_value(scope, json, name, &value));
    REQUIRE(scope, value == NULL || json_is_boolean(value), INVALID, "json.type");
    *ret = value == NULL ? *ret : value->kind == JSON_TRUE;
    return OK_RESULT;
}

result json_optional_integer(struct scope *scope, const struct json *json, struct str name,
                             int64_t min, int64_t max, int64_t *ret) {
    const struct json *value = NULL;
    TRY(find_value(scope, json, name, &value));
    if (value == NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope, value->kind == JSON_INTEGER, INVALID, "json.type");
    REQUIRE(scope, value->integer >= min && value->integer <= max, INVALID, "json.range");
    *ret = value->integer;
    return OK_RESULT;
}

static bool is_among(struct str name, const struct str *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, names[i])) {
            return true;
        }
    }
    return false;
}

result json_only(struct scope *scope, const struct json *json, const struct str *names,
                 size_t count) {
    for (size_t i = 0; i < json_count(json); i++) {
        REQUIRE(scope, is_among(json_member_at(json, i).name, names, count), INVALID,
                "json.unknown");
    }
    return OK_RESULT;
}

static bool equals(const struct json *a, const struct json *b, unsigned depth);

/* NOLINTNEXTLINE(misc-no-recursion): equals checks the depth */
static bool arrays_equal(const struct json *a, const struct json *b, unsigned depth) {
    for (size_t i = 0; i < a->count; i++) {
        if (!equals(a->elements[i], b->elements[i], depth + 1)) {
            return false;
        }
    }
    return true;
}

/* Of the same size, and names are unique: every member of one in the other is enough. */
/* NOLINTNEXTLINE(misc-no-recursion): equals checks the depth */
static bool objects_equal(const struct json *a, const struct json *b, unsigned depth) {
    for (size_t i = 0; i < a->count; i++) {
        const struct json *other = str_eq(a->members[i].name, b->members[i].name)
                                       ? b->members[i].value
                                       : json_get(b, a->members[i].name);
        if (other == NULL || !equals(a->members[i].value, other, depth + 1)) {
            return false;
        }
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth is checked at each level */
static bool equals(const struct json *a, const struct json *b, unsigned depth) {
    assert(depth <= JSON_TREE_MAX_DEPTH);
    if (json_kind(a) != json_kind(b) || json_count(a) != json_count(b)) {
        return false;
    }
    switch (json_kind(a)) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: return true;
    case JSON_INTEGER: return a->integer == b->integer;
    case JSON_REAL: return a->real <= b->real && a->real >= b->real;
    case JSON_STRING: return str_eq(a->text, b->text);
    case JSON_ARRAY: return arrays_equal(a, b, depth);
    case JSON_OBJECT: return objects_equal(a, b, depth);
    }
    return false;
}

bool json_equals(const struct json *a, const struct json *b) {
    return equals(a, b, 0);
}
