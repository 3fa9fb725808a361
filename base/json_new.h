#pragma once
/* Making JSON values, mutable until they are handed on. All of them live in the arena. Apart from
 * json.h because this much may be seen together with <jansson.h>. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct json;

struct json *json_new_object(struct arena *arena);
struct json *json_new_array(struct arena *arena);
struct json *json_new_string(struct arena *arena, struct str text);
struct json *json_new_integer(struct arena *arena, int64_t number);
struct json *json_new_real(struct arena *arena, double number);
struct json *json_new_boolean(struct arena *arena, bool value);
struct json *json_new_null(struct arena *arena);
/* Replaces a member of that name, keeps its place; else appends. The name is copied. */
void json_set(struct arena *arena, struct json *object, struct str name, const struct json *value);
/* json_set without the search, where the caller knows that there is no member of that name. */
void json_add(struct arena *arena, struct json *object, struct str name, const struct json *value);
void json_append(struct arena *arena, struct json *array, const struct json *value);
