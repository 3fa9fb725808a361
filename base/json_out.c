/* JSON text, RFC 8259. */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_tree.h"
#include "base/time_text.h"

static_assert(JSON_TREE_MAX_DEPTH <= 64, "one bit of a uint64_t for each depth");

static uint64_t depth_bit(const struct json_out *out) {
    return UINT64_C(1) << out->depth;
}

/* Before every value: what may stand here, and the comma in front of it. */
static void begin_value(struct json_out *out) {
    const bool is_in_object = (out->is_object & depth_bit(out)) != 0;
    assert(is_in_object == out->has_name);
    assert(out->depth > 0 || out->buf.len == 0); /* one value at the top */
    if (!is_in_object && (out->needs_comma & depth_bit(out)) != 0) {
        strbuf_add_byte(&out->buf, ',');
    }
    out->needs_comma |= depth_bit(out);
    out->has_name = false;
}

static void open_container(struct json_out *out, char bracket, bool is_object) {
    begin_value(out);
    assert(out->depth + 1 < JSON_TREE_MAX_DEPTH);
    strbuf_add_byte(&out->buf, bracket);
    out->depth++;
    out->is_object &= ~depth_bit(out);
    out->is_object |= is_object ? depth_bit(out) : 0;
    out->needs_comma &= ~depth_bit(out);
}

static void close_container(struct json_out *out, char bracket, bool is_object) {
    assert(out->depth > 0 && !out->has_name);
    assert(((out->is_object & depth_bit(out)) != 0) == is_object);
    strbuf_add_byte(&out->buf, bracket);
    out->depth--;
}

/* One byte that may not stand for itself, RFC 8259 section 7. */
static void add_escape(struct strbuf *buf, char byte) {
    static const char HEX[] = "0123456789abcdef";
    const char *short_form = strchr("\"\"\\\\\nn\rr\tt\bb\ff", byte);
    if (byte != '\0' && short_form != NULL) {
        strbuf_add_byte(buf, '\\');
        strbuf_add_byte(buf, short_form[1]);
        return;
    }
    strbuf_add_c(buf, "\\u00");
    strbuf_add_byte(buf, HEX[(unsigned char) byte >> 4]);
    strbuf_add_byte(buf, HEX[(unsigned char) byte & 15]);
}

static bool is_plain(char byte) {
    return (unsigned char) byte >= 0x20 && byte != '"' && byte != '\\';
}

static void add_utf8(struct strbuf *buf, struct str text) {
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_plain(text.at[i])) {
            strbuf_add(buf, (struct str){text.at + start, i - start});
            add_escape(buf, text.at[i]);
            start = i + 1;
        }
    }
    strbuf_add(buf, str_from(text, start));
}

/* Length of the UTF-8 character at the start; 0: none. */
static size_t char_len(struct str text) {
    for (size_t len = 1; len <= 4 && len <= text.len; len++) {
        if (str_is_utf8(str_first(text, len))) {
            return len;
        }
    }
    return 0;
}

static void add_damaged(struct strbuf *buf, struct str text) {
    while (text.len > 0) {
        const size_t len = char_len(text);
        add_utf8(buf, len > 0 ? str_first(text, len) : STR("\xef\xbf\xbd"));
        text = str_from(text, len > 0 ? len : 1);
    }
}

static void add_string(struct strbuf *buf, struct str text) {
    strbuf_add_byte(buf, '"');
    if (str_is_utf8(text)) {
        add_utf8(buf, text);
    } else {
        add_damaged(buf, text);
    }
    strbuf_add_byte(buf, '"');
}

/* The shortest digits that read back as the same double, and a mark that it is no integer. */
static void add_real(struct strbuf *buf, double number) {
    char digits[40];
    for (int precision = 15; precision <= 17; precision++) {
        (void) snprintf(digits, sizeof digits, "%.*g", precision, number);
        const double back = strtod(digits, NULL);
        if (back >= number && back <= number) {
            break;
        }
    }
    char *comma = strchr(digits, ','); /* a library may have set a locale */
    if (comma != NULL) {
        *comma = '.';
    }
    strbuf_add_c(buf, digits);
    if (strpbrk(digits, ".e") == NULL) {
        strbuf_add(buf, STR(".0"));
    }
}

struct json_out json_out_begin(struct arena *arena) {
    /* What is written here was bounded where it came in. */
    return (struct json_out){.buf = strbuf_begin(arena, SIZE_MAX / 4)};
}

void json_out_open_object(struct json_out *out) {
    open_container(out, '{', true);
}

void json_out_close_object(struct json_out *out) {
    close_container(out, '}', true);
}

void json_out_open_array(struct json_out *out) {
    open_container(out, '[', false);
}

void json_out_close_array(struct json_out *out) {
    close_container(out, ']', false);
}

static void out_name(struct json_out *out, struct str name) {
    assert((out->is_object & depth_bit(out)) != 0 && !out->has_name);
    if ((out->needs_comma & depth_bit(out)) != 0) {
        strbuf_add_byte(&out->buf, ',');
    }
    add_string(&out->buf, name);
    strbuf_add_byte(&out->buf, ':');
    out->has_name = true;
}

void json_out_name(struct json_out *out, const char *name) {
    out_name(out, str_from_c(name));
}

void json_out_string(struct json_out *out, struct str text) {
    begin_value(out);
    add_string(&out->buf, text);
}

void json_out_number(struct json_out *out, int64_t number) {
    begin_value(out);
    strbuf_add_number(&out->buf, number);
}

void json_out_boolean(struct json_out *out, bool value) {
    begin_value(out);
    strbuf_add(&out->buf, value ? STR("true") : STR("false"));
}

void json_out_null(struct json_out *out) {
    begin_value(out);
    strbuf_add(&out->buf, STR("null"));
}

/* NOLINTNEXTLINE(misc-no-recursion): open_container bounds the depth */
static void out_members(struct json_out *out, const struct json *object) {
    json_out_open_object(out);
    for (size_t i = 0; i < object->count; i++) {
        out_name(out, object->members[i].name);
        json_out_value(out, object->members[i].value);
    }
    json_out_close_object(out);
}

/* NOLINTNEXTLINE(misc-no-recursion): open_container bounds the depth */
static void out_elements(struct json_out *out, const struct json *array) {
    json_out_open_array(out);
    for (size_t i = 0; i < array->count; i++) {
        json_out_value(out, array->elements[i]);
    }
    json_out_close_array(out);
}

/* NOLINTNEXTLINE(misc-no-recursion): open_container bounds the depth */
void json_out_value(struct json_out *out, const struct json *json) {
    switch (json_kind(json)) {
    case JSON_NULL: json_out_null(out); break;
    case JSON_FALSE:
    case JSON_TRUE: json_out_boolean(out, json->kind == JSON_TRUE); break;
    case JSON_INTEGER: json_out_number(out, json->integer); break;
    case JSON_REAL:
        begin_value(out);
        add_real(&out->buf, json->real);
        break;
    case JSON_STRING: json_out_string(out, json->text); break;
    case JSON_ARRAY: out_elements(out, json); break;
    case JSON_OBJECT: out_members(out, json); break;
    }
}

void json_out_member(struct json_out *out, const char *name, struct str text) {
    json_out_name(out, name);
    json_out_string(out, text);
}

void json_out_member_or_null(struct json_out *out, const char *name, struct str text) {
    json_out_name(out, name);
    if (text.len == 0) {
        json_out_null(out);
    } else {
        json_out_string(out, text);
    }
}

void json_out_member_number(struct json_out *out, const char *name, int64_t number) {
    json_out_name(out, name);
    json_out_number(out, number);
}

void json_out_member_boolean(struct json_out *out, const char *name, bool value) {
    json_out_name(out, name);
    json_out_boolean(out, value);
}

void json_out_member_time(struct json_out *out, const char *name, int64_t us) {
    json_out_member_or_null(out, name, us == 0 ? STR("") : time_format(out->buf.arena, us));
}

struct str json_out_end(struct json_out *out) {
    assert(out->depth == 0 && out->buf.len > 0);
    return strbuf_str(&out->buf);
}

struct str json_write(struct arena *arena, const struct json *json) {
    struct json_out out = json_out_begin(arena);
    json_out_value(&out, json);
    return json_out_end(&out);
}
