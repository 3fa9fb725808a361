#pragma once
/* One value of one setting: from text to a field of struct settings. */

#include "gateway/settings.h"

struct setting_value {
    const struct str *items; /* of a list; else one */
    size_t count;
};

/* What is wrong with the value; empty when it was stored. */
struct str setting_parse(struct scope *scope, const struct setting *setting,
                         const struct setting_value *value, struct settings *settings);
/* "a number from 1 to 64", "true or false" … */
struct str setting_describe(struct arena *arena, const struct setting *setting);
/* A file's text without its last line end. INVALID "settings.file". */
RESULT setting_read_file(struct scope *scope, struct str path, struct str *ret);
