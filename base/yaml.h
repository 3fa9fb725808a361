#pragma once
/* The small part of YAML that a settings file needs: a mapping of sections, each a mapping of keys
 * to scalars or lists of scalars; keys without a section stand at the top. Everything else
 * (anchors, tags, deeper nesting, several documents, repeated keys) is a problem, and all problems
 * are reported at once, each with its line. */

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { YAML_MAX_BYTES = 256 * 1024, YAML_MAX_ENTRIES = 512, YAML_MAX_ITEMS = 256 };

struct yaml_item {
    struct str text;
    size_t line;
};

struct yaml_entry {
    struct str key; /* "section.name", or "name" at the top */
    size_t line;
    bool is_list;
    bool is_empty; /* nothing, ~ or null: no value */
    size_t count;  /* items; exactly 1 unless is_list */
    struct yaml_item *items;
};

struct yaml_problem {
    size_t line;
    struct str key;   /* empty: of the document */
    const char *what; /* "appears twice" */
};

/* What was read. With problems the entries are incomplete and must not be used. */
struct yaml_document {
    size_t entry_count, problem_count;
    struct yaml_entry *entries;
    struct yaml_problem *problems; /* at most 64 */
};

struct yaml_document yaml_read(struct arena *arena, struct str text);
