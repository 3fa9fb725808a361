/* Making and changing values, and their text. */
#include "base/json_new.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_tree.h"

static struct json *new_value(struct arena *arena, enum json_kind kind) {
    struct json *json = NEW(arena, struct json);
    json->kind = kind;
    json->text = STR("");
    return json;
}

struct json *json_new_object(struct arena *arena) {
    return new_value(arena, JSON_OBJECT);
}

struct json *json_new_array(struct arena *arena) {
    return new_value(arena, JSON_ARRAY);
}

struct json *json_new_string(struct arena *arena, struct str text) {
    struct json *json = new_value(arena, JSON_STRING);
    json->text = str_copy(arena, text);
    return json;
}

struct json *json_new_integer(struct arena *arena, int64_t number) {
    struct json *json = new_value(arena, JSON_INTEGER);
    json->integer = number;
    return json;
}

struct json *json_new_real(struct arena *arena, double number) {
    if (!isfinite(number)) {
        return json_new_null(arena);
    }
    struct json *json = new_value(arena, JSON_REAL);
    json->real = number;
    return json;
}

struct json *json_new_boolean(struct arena *arena, bool value) {
    return new_value(arena, value ? JSON_TRUE : JSON_FALSE);
}

struct json *json_new_null(struct arena *arena) {
    return new_value(arena, JSON_NULL);
}

static struct json_member *find_member(const struct json *object, struct str name) {
    for (size_t i = 0; i < object->count; i++) {
        if (str_eq(object->members[i].name, name)) {
            return &object->members[i];
        }
    }
    return NULL;
}

/* Room for one more item, doubled when used up; NULL: what is there has room. */
static void *grow(struct arena *arena, struct json *json, const void *items, size_t size) {
    if (json->count < json->capacity) {
        return NULL;
    }
    json->capacity = json->capacity == 0 ? 4 : json->capacity * 2;
    void *grown = arena_alloc_array(arena, json->capacity, size);
    if (json->count > 0) {
        memcpy(grown, items, json->count * size);
    }
    return grown;
}

void json_add(struct arena *arena, struct json *object, struct str name, const struct json *value) {
    assert(object->kind == JSON_OBJECT && value != NULL);
    void *grown = grow(arena, object, object->members, sizeof(struct json_member));
    object->members = grown == NULL ? object->members : grown;
    object->members[object->count++] = (struct json_member){str_copy(arena, name), value};
}

void json_set(struct arena *arena, struct json *object, struct str name, const struct json *value) {
    assert(object->kind == JSON_OBJECT && value != NULL);
    struct json_member *member = find_member(object, name);
    if (member == NULL) {
        json_add(arena, object, name, value);
        return;
    }
    member->value = value;
}

void json_append(struct arena *arena, struct json *array, const struct json *value) {
    assert(array->kind == JSON_ARRAY && value != NULL);
    void *grown = grow(arena, array, array->elements, sizeof(const struct json *));
    array->elements = grown == NULL ? array->elements : grown;
    array->elements[array->count++] = value;
}

void json_remove(struct json *object, struct str name) {
    assert(object->kind == JSON_OBJECT);
    struct json_member *member = find_member(object, name);
    if (member == NULL) {
        return;
    }
    const size_t behind = object->count - (size_t) (member - object->members) - 1;
    memmove(member, member + 1, behind * sizeof *member);
    object->count--;
}

void json_remove_at(struct json *array, size_t index) {
    assert(array->kind == JSON_ARRAY && index < array->count);
    const struct json **element = array->elements + index;
    memmove(element, element + 1, (array->count - index - 1) * sizeof(const struct json *));
    array->count--;
}

/* NOLINTNEXTLINE(misc-no-recursion): the depth is checked at each level */
static struct json *clone(struct arena *arena, const struct json *json, unsigned depth) {
    assert(depth <= JSON_TREE_MAX_DEPTH);
    struct json *copy = new_value(arena, json->kind);
    copy->integer = json->integer;
    copy->real = json->real;
    copy->text = json->kind == JSON_STRING ? str_copy(arena, json->text) : STR("");
    if (json->kind == JSON_OBJECT) {
        for (size_t i = 0; i < json->count; i++) {
            const struct json_member member = json->members[i];
            json_add(arena, copy, member.name, clone(arena, member.value, depth + 1));
        }
    }
    if (json->kind == JSON_ARRAY) {
        for (size_t i = 0; i < json->count; i++) {
            json_append(arena, copy, clone(arena, json->elements[i], depth + 1));
        }
    }
    return copy;
}

struct json *json_clone(struct arena *arena, const struct json *json) {
    return json == NULL ? json_new_null(arena) : clone(arena, json, 0);
}
