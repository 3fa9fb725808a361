#include "base/yaml.h"

#include <stdlib.h>

#include <yaml.h>

#include "base/arena.h"

enum { MAX_PROBLEMS = 64 };

struct reader {
    struct arena *arena;
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event, is_broken; /* broken: libyaml cannot go on */
    struct yaml_document document;
};

static void add_problem(struct reader *reader, size_t line, struct str key, const char *what) {
    struct yaml_document *document = &reader->document;
    if (document->problem_count < MAX_PROBLEMS) {
        document->problems[document->problem_count++] = (struct yaml_problem){line, key, what};
    }
}

static void next_event(struct reader *reader) {
    if (reader->has_event) {
        yaml_event_delete(&reader->event);
        reader->has_event = false;
    }
    if (reader->is_broken) {
        return;
    }
    if (yaml_parser_parse(&reader->parser, &reader->event) == 1) {
        reader->has_event = true;
        return;
    }
    reader->is_broken = true;
    add_problem(reader, reader->parser.problem_mark.line + 1, STR(""), "is not YAML");
}

static bool is_at(const struct reader *reader, yaml_event_type_t type) {
    return !reader->is_broken && reader->event.type == type;
}

static size_t line_of(const struct reader *reader) {
    return reader->event.start_mark.line + 1;
}

/* The scalar's text, copied; anchors and tags are refused. */
static struct str take_scalar(struct reader *reader, struct str key) {
    const yaml_event_t *event = &reader->event;
    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
        add_problem(reader, line_of(reader), key, "must have neither anchor nor tag");
    }
    const struct str text = {(const char *) event->data.scalar.value, event->data.scalar.length};
    return str_copy(reader->arena, text);
}

static bool is_null_scalar(const yaml_event_t *event, struct str text) {
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.len == 0 || str_eq(text, STR("~")) || str_eq(text, STR("null")));
}

/* Goes behind the value that starts here, whatever it holds; without recursion. */
static void skip_value(struct reader *reader) {
    size_t depth = 0;
    do {
        const bool opens =
            is_at(reader, YAML_MAPPING_START_EVENT) || is_at(reader, YAML_SEQUENCE_START_EVENT);
        const bool closes =
            is_at(reader, YAML_MAPPING_END_EVENT) || is_at(reader, YAML_SEQUENCE_END_EVENT);
        depth = opens ? depth + 1 : closes ? depth - 1 : depth;
        next_event(reader);
    } while (depth > 0 && !reader->is_broken);
}

static bool is_key_text(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        const bool is_word =
            (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
        if (!is_word) {
            return false;
        }
    }
    return text.len > 0 && text.len <= 64;
}

/* A key of a mapping; behind it the value starts. Empty: refused, its value is skipped. */
static struct str read_key(struct reader *reader, size_t *ret_line) {
    *ret_line = line_of(reader);
    if (!is_at(reader, YAML_SCALAR_EVENT)) {
        add_problem(reader, *ret_line, STR(""), "has a key that is no word");
        skip_value(reader);
        skip_value(reader);
        return STR("");
    }
    const struct str key = take_scalar(reader, STR(""));
    next_event(reader);
    if (!is_key_text(key)) {
        add_problem(reader, *ret_line, STR(""), "has a key that is no word");
        skip_value(reader);
        return STR("");
    }
    return key;
}

static bool is_taken(const struct reader *reader, struct str key) {
    for (size_t i = 0; i < reader->document.entry_count; i++) {
        if (str_eq(reader->document.entries[i].key, key)) {
            return true;
        }
    }
    return false;
}

static void add_entry(struct reader *reader, const struct yaml_entry *entry) {
    struct yaml_document *document = &reader->document;
    if (is_taken(reader, entry->key)) {
        add_problem(reader, entry->line, entry->key, "appears twice");
        return;
    }
    if (document->entry_count == YAML_MAX_ENTRIES) {
        add_problem(reader, entry->line, entry->key, "is one entry too many");
        return;
    }
    document->entries[document->entry_count++] = *entry;
}

static void read_list(struct reader *reader, struct yaml_entry *entry) {
    entry->is_list = true;
    entry->items = NEW_ARRAY(reader->arena, YAML_MAX_ITEMS, struct yaml_item);
    if (reader->event.data.sequence_start.anchor != NULL ||
        reader->event.data.sequence_start.tag != NULL) {
        add_problem(reader, entry->line, entry->key, "must have neither anchor nor tag");
    }
    next_event(reader);
    while (!reader->is_broken && !is_at(reader, YAML_SEQUENCE_END_EVENT)) {
        const size_t line = line_of(reader);
        if (!is_at(reader, YAML_SCALAR_EVENT) || entry->count == YAML_MAX_ITEMS) {
            add_problem(reader, line, entry->key,
                        entry->count == YAML_MAX_ITEMS ? "has too many items"
                                                       : "must be a list of plain values");
            skip_value(reader);
            continue;
        }
        const struct str text = take_scalar(reader, entry->key);
        entry->items[entry->count++] = (struct yaml_item){text, line};
        next_event(reader);
    }
    next_event(reader);
}

/* A scalar or a list of scalars. */
static void read_value(struct reader *reader, struct str key, size_t line) {
    struct yaml_entry entry = {.key = key, .line = line};
    if (is_at(reader, YAML_SEQUENCE_START_EVENT)) {
        read_list(reader, &entry);
        add_entry(reader, &entry);
        return;
    }
    if (reader->is_broken) {
        return;
    }
    if (!is_at(reader, YAML_SCALAR_EVENT)) {
        add_problem(reader, line, key, "must be a plain value or a list of them");
        skip_value(reader);
        return;
    }
    const struct str text = take_scalar(reader, key);
    entry.is_empty = is_null_scalar(&reader->event, text);
    entry.count = 1;
    entry.items = NEW(reader->arena, struct yaml_item);
    entry.items[0] = (struct yaml_item){text, line_of(reader)};
    next_event(reader);
    add_entry(reader, &entry);
}

static void refuse_decorated_mapping(struct reader *reader, struct str key) {
    if (reader->event.data.mapping_start.anchor != NULL ||
        reader->event.data.mapping_start.tag != NULL) {
        add_problem(reader, line_of(reader), key, "must have neither anchor nor tag");
    }
}

static void read_section(struct reader *reader, struct str section) {
    refuse_decorated_mapping(reader, section);
    next_event(reader);
    while (!reader->is_broken && !is_at(reader, YAML_MAPPING_END_EVENT)) {
        size_t line = 0;
        const struct str name = read_key(reader, &line);
        if (name.len > 0) {
            const struct str key =
                str_format(reader->arena, "%.*s.%.*s", STR_ARG(section), STR_ARG(name));
            read_value(reader, key, line);
        }
    }
    next_event(reader);
}

static bool is_in(const struct str *names, size_t count, struct str name) {
    for (size_t i = 0; i < count; i++) {
        if (str_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

static void read_root(struct reader *reader) {
    struct str *sections = NEW_ARRAY(reader->arena, YAML_MAX_ENTRIES, struct str);
    size_t section_count = 0;
    refuse_decorated_mapping(reader, STR(""));
    next_event(reader);
    while (!reader->is_broken && !is_at(reader, YAML_MAPPING_END_EVENT)) {
        size_t line = 0;
        const struct str key = read_key(reader, &line);
        if (key.len == 0 || reader->is_broken) {
            continue;
        }
        if (!is_at(reader, YAML_MAPPING_START_EVENT)) {
            read_value(reader, key, line);
            continue;
        }
        if (is_in(sections, section_count, key)) {
            add_problem(reader, line, key, "appears twice");
        } else if (section_count < YAML_MAX_ENTRIES) {
            sections[section_count++] = key;
        } else {
            add_problem(reader, line, key, "is one entry too many");
        }
        read_section(reader, key);
    }
    next_event(reader);
}

/* A document without content is an empty one. */
static bool is_empty_document(const struct reader *reader) {
    return is_at(reader, YAML_SCALAR_EVENT) && reader->event.data.scalar.length == 0 &&
           reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static void read_stream(struct reader *reader) {
    next_event(reader); /* stream start */
    next_event(reader);
    if (reader->is_broken || is_at(reader, YAML_STREAM_END_EVENT)) {
        return;
    }
    next_event(reader); /* behind document start */
    if (is_at(reader, YAML_MAPPING_START_EVENT)) {
        read_root(reader);
    } else if (!reader->is_broken && !is_empty_document(reader)) {
        add_problem(reader, line_of(reader), STR(""), "must be a mapping of sections");
        return;
    } else {
        next_event(reader);
    }
    next_event(reader); /* behind document end */
    if (!reader->is_broken && !is_at(reader, YAML_STREAM_END_EVENT)) {
        add_problem(reader, line_of(reader), STR(""), "must be one document");
    }
}

struct yaml_document yaml_read(struct arena *arena, struct str text) {
    struct reader reader = {.arena = arena};
    reader.document.entries = NEW_ARRAY(arena, YAML_MAX_ENTRIES, struct yaml_entry);
    reader.document.problems = NEW_ARRAY(arena, MAX_PROBLEMS, struct yaml_problem);
    if (text.len > YAML_MAX_BYTES) {
        add_problem(&reader, 1, STR(""), "is too large");
        return reader.document;
    }
    if (!str_is_utf8(text) || str_find_byte(text, '\0') >= 0) {
        add_problem(&reader, 1, STR(""), "is not UTF-8 text");
        return reader.document;
    }
    if (yaml_parser_initialize(&reader.parser) != 1) {
        abort();
    }
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *) text.at, text.len);
    read_stream(&reader);
    if (reader.has_event) {
        yaml_event_delete(&reader.event);
    }
    yaml_parser_delete(&reader.parser);
    return reader.document;
}
