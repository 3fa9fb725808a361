#pragma once
/* The inside of a JSON value, for the json_*.c files only. */

#include "base/json.h"

/* Deeper trees can only come from our own code, and are a bug there. */
enum { JSON_TREE_MAX_DEPTH = 64 };

struct json {
    enum json_kind kind;
    int64_t integer;              /* JSON_INTEGER */
    double real;                  /* JSON_REAL */
    struct str text;              /* JSON_STRING */
    size_t count, capacity;       /* JSON_OBJECT, JSON_ARRAY */
    struct json_member *members;  /* JSON_OBJECT */
    const struct json **elements; /* JSON_ARRAY */
};
