#pragma once
/* The door to jansson, for json.c only: declared without anything of json.h, which does not go
 * together with <jansson.h>. */

#include <stddef.h>

#include "base/result.h"
#include "base/str.h"

struct json;

struct json_limits {
    size_t depth, values, members;
};

RESULT json_parse(struct scope *scope, struct str text, const struct json_limits *limits,
                  const struct json **ret);
