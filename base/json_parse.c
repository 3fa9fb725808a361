/* Text to tree. jansson parses; a linear scan before it bounds nesting and the number of values,
 * because jansson itself recurses down to 2048 levels and spends some hundred bytes on "{},". */
#include "base/json_parse.h"

#include <assert.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/json_new.h"

struct scan {
    size_t depth, deepest, values;
    bool is_in_string, is_escaped;
};

static void scan_string_byte(struct scan *scan, char byte) {
    scan->is_in_string = byte != '"' || scan->is_escaped;
    scan->is_escaped = byte == '\\' && !scan->is_escaped;
}

/* Wrong on malformed text, which jansson refuses; never too low on well-formed text. */
static void scan_byte(struct scan *scan, char byte) {
    switch (byte) {
    case '"': scan->is_in_string = true; break;
    case ',': scan->values++; break;
    case '[':
    case '{':
        scan->values++;
        scan->depth++;
        scan->deepest = scan->depth > scan->deepest ? scan->depth : scan->deepest;
        break;
    case ']':
    case '}': scan->depth -= scan->depth > 0; break;
    default: break;
    }
}

static struct scan scan_text(struct str text) {
    struct scan scan = {.values = 1};
    for (size_t i = 0; i < text.len; i++) {
        if (scan.is_in_string) {
            scan_string_byte(&scan, text.at[i]);
        } else {
            scan_byte(&scan, text.at[i]);
        }
    }
    return scan;
}

/* The texts are refused with the reason that helps their sender. */
static result refuse(struct scope *scope, const json_error_t *error) {
    const enum json_error_code code = json_error_code(error);
    REQUIRE(scope, code != json_error_duplicate_key, INVALID, "json.duplicate");
    REQUIRE(scope, code != json_error_numeric_overflow, INVALID, "json.number");
    REQUIRE(scope, code != json_error_stack_overflow, INVALID, "json.depth");
    REQUIRE(scope, code != json_error_out_of_memory, UNAVAILABLE, "json.memory");
    return FAIL(scope, INVALID, "json.malformed");
}

struct conversion {
    struct scope *scope;
    const struct json_limits *limits;
    size_t depth; /* containers around the value */
};

static result convert(struct conversion at, json_t *from, const struct json **ret);

/* NOLINTNEXTLINE(misc-no-recursion): convert checks the depth */
static result convert_array(struct conversion at, const json_t *from, const struct json **ret) {
    struct arena *arena = at.scope->arena;
    struct json *array = json_new_array(arena);
    for (size_t i = 0; i < json_array_size(from); i++) {
        const struct json *element = NULL;
        TRY(convert(at, json_array_get(from, i), &element));
        json_append(arena, array, element);
    }
    *ret = array;
    return OK_RESULT;
}

/* NOLINTNEXTLINE(misc-no-recursion): convert checks the depth */
static result convert_object(struct conversion at, json_t *from, const struct json **ret) {
    struct arena *arena = at.scope->arena;
    REQUIRE(at.scope, json_object_size(from) <= at.limits->members, TOO_LARGE, "json.size");
    struct json *object = json_new_object(arena);
    for (void *i = json_object_iter(from); i != NULL; i = json_object_iter_next(from, i)) {
        const struct str name = {json_object_iter_key(i), json_object_iter_key_len(i)};
        const struct json *value = NULL;
        TRY(convert(at, json_object_iter_value(i), &value));
        json_add(arena, object, name, value);
    }
    *ret = object;
    return OK_RESULT;
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth is checked at each level */
static result convert(struct conversion at, json_t *from, const struct json **ret) {
    struct arena *arena = at.scope->arena;
    const json_type type = json_typeof(from);
    const bool is_container = type == JSON_OBJECT || type == JSON_ARRAY;
    REQUIRE(at.scope, !is_container || at.depth < at.limits->depth, INVALID, "json.depth");
    at.depth++;
    switch (type) {
    case JSON_OBJECT: return convert_object(at, from, ret);
    case JSON_ARRAY: return convert_array(at, from, ret);
    case JSON_STRING:
        *ret =
            json_new_string(arena, (struct str){json_string_value(from), json_string_length(from)});
        return OK_RESULT;
    case JSON_INTEGER: *ret = json_new_integer(arena, json_integer_value(from)); return OK_RESULT;
    case JSON_REAL: *ret = json_new_real(arena, json_real_value(from)); return OK_RESULT;
    case JSON_TRUE:
    case JSON_FALSE: *ret = json_new_boolean(arena, type == JSON_TRUE); return OK_RESULT;
    case JSON_NULL: *ret = json_new_null(arena); return OK_RESULT;
    }
    assert(false);
    return FAIL(at.scope, INTERNAL, "json.kind");
}

static_assert(sizeof(json_int_t) == sizeof(int64_t), "integers keep their 64 bits");

result json_parse(struct scope *scope, struct str text, const struct json_limits *limits,
                  const struct json **ret) {
    const struct scan scan = scan_text(text);
    REQUIRE(scope, scan.deepest <= limits->depth, INVALID, "json.depth");
    REQUIRE(scope, scan.values <= limits->values, TOO_LARGE, "json.size");
    json_error_t error;
    AUTO(json_decrefp)
    json_t *root = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (root == NULL) {
        return refuse(scope, &error);
    }
    return convert((struct conversion){scope, limits, 0}, root, ret);
}
