#pragma once
/* JSON over jansson: a strict reader (UTF-8, no duplicate members, bounded depth and size) and a
 * writer that cannot produce anything malformed. Values live in the scope's arena. Not to be
 * included together with <jansson.h>; no function here shares its name with one of jansson's,
 * because the linker would silently take one for the other. */

#include <stdbool.h>
#include <stdint.h>

#include "base/json_new.h"
#include "base/result.h"
#include "base/str.h"

/* Values and members are bounded too: "{}," is 3 bytes of text and some hundred in memory. */
enum {
    JSON_MAX_DEPTH = 32,
    JSON_MAX_BYTES = 16 * 1024 * 1024,
    JSON_MAX_VALUES = 512 * 1024,
    JSON_MAX_MEMBERS = 1024 /* of one object */
};

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INTEGER,
    JSON_REAL, /* a number with fraction or exponent */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json; /* one value, immutable after reading */

struct json_member {
    struct str name;
    const struct json *value;
};

/* INVALID "json.malformed", "json.duplicate", "json.depth", "json.number" (an integer beyond 64 bit
 * or a real beyond a double is refused, never rounded); TOO_LARGE "json.size". Any value may stand
 * at the top. Trailing bytes, NUL in strings and what is not UTF-8 are malformed. */
RESULT json_read(struct scope *scope, struct str text, const struct json **ret);

/* All of these accept NULL and take it for null. */
enum json_kind json_kind(const struct json *json);
bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);
bool json_is_string(const struct json *json);
bool json_is_boolean(const struct json *json);
bool json_as_boolean(const struct json *json);                     /* false unless JSON_TRUE */
struct str json_as_string(const struct json *json);                /* empty unless a string */
int64_t json_as_integer(const struct json *json);                  /* 0 unless JSON_INTEGER */
double json_as_real(const struct json *json);                      /* 0 unless a number */
size_t json_count(const struct json *json);                        /* members or elements; else 0 */
const struct json *json_at(const struct json *json, size_t index); /* element; NULL outside */
struct json_member json_member_at(const struct json *json, size_t index);
/* NULL when absent or when `json` is no object (or NULL). Exact name. */
const struct json *json_get(const struct json *json, struct str name);

/* Typed members of an object (NULL: one without members). Absent or null: `*ret` keeps its value
 * and json_optional_* succeed, json_need_* fail with INVALID "json.missing"; another type, or
 * `json` is no object: INVALID "json.type"; an integer out of range: INVALID "json.range". */
RESULT json_need_string(struct scope *scope, const struct json *json, struct str name,
                        struct str *ret);
RESULT json_optional_string(struct scope *scope, const struct json *json, struct str name,
                            struct str *ret);
RESULT json_optional_boolean(struct scope *scope, const struct json *json, struct str name,
                             bool *ret);
RESULT json_optional_integer(struct scope *scope, const struct json *json, struct str name,
                             int64_t min, int64_t max, int64_t *ret);
/* INVALID "json.unknown" when the object has a member that is not in `names`. */
RESULT json_only(struct scope *scope, const struct json *json, const struct str *names,
                 size_t count);

/* Changing; json_new_*, json_set and json_append are in json_new.h. */
void json_remove(struct json *object, struct str name);
void json_remove_at(struct json *array, size_t index);
/* A deep copy that may be changed. */
struct json *json_clone(struct arena *arena, const struct json *json);
bool json_equals(const struct json *a, const struct json *b); /* member order does not matter */

/* Compact text; bytes that are not UTF-8 are written as U+FFFD, NaN and infinity as null. */
struct str json_write(struct arena *arena, const struct json *json);

/* A writer for answers, without a tree: json_out_begin, then values, then json_out_end. Commas,
 * quotes and escapes are its business; a value in the wrong place is an assertion. */
struct json_out {
    struct strbuf buf;
    uint64_t is_object, needs_comma; /* bit per depth */
    unsigned depth;
    bool has_name;
};

struct json_out json_out_begin(struct arena *arena);
void json_out_open_object(struct json_out *out);
void json_out_close_object(struct json_out *out);
void json_out_open_array(struct json_out *out);
void json_out_close_array(struct json_out *out);
void json_out_name(struct json_out *out, const char *name);
void json_out_string(struct json_out *out, struct str text);
void json_out_number(struct json_out *out, int64_t number);
void json_out_boolean(struct json_out *out, bool value);
void json_out_null(struct json_out *out);
void json_out_value(struct json_out *out, const struct json *json);
/* name and value in one call */
void json_out_member(struct json_out *out, const char *name, struct str text);
void json_out_member_or_null(struct json_out *out, const char *name, struct str text);
void json_out_member_number(struct json_out *out, const char *name, int64_t number);
void json_out_member_boolean(struct json_out *out, const char *name, bool value);
/* RFC 3339 UTC with milliseconds; 0 gives null */
void json_out_member_time(struct json_out *out, const char *name, int64_t us);
struct str json_out_end(struct json_out *out);
