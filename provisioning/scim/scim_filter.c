#include "provisioning/scim/scim_filter.h"

#include "base/arena.h"
#include "base/time_text.h"

/* Precedence climbing over a cursor. `type` resolves names at the top, `parent` inside brackets;
 * neither: the names are not looked at. Where several types are asked, what one of them does not
 * have is unassigned (RFC 7644 section 3.4.2.1): such a reference has no attribute. */
struct parser {
    struct scope *scope;
    const struct scim_type *type;
    const struct scim_attribute *parent;
    struct str rest;
    unsigned depth, terms;
    bool takes_foreign;
};

#define BAD(parser) FAIL((parser)->scope, INVALID, "scim.filter")

static const struct {
    struct str name;
    enum scim_operator op;
} COMPARISONS[] = {
    {STR_INIT("eq"), SCIM_EQ}, {STR_INIT("ne"), SCIM_NE}, {STR_INIT("co"), SCIM_CO},
    {STR_INIT("sw"), SCIM_SW}, {STR_INIT("ew"), SCIM_EW}, {STR_INIT("pr"), SCIM_PR},
    {STR_INIT("gt"), SCIM_GT}, {STR_INIT("ge"), SCIM_GE}, {STR_INIT("lt"), SCIM_LT},
    {STR_INIT("le"), SCIM_LE},
};

bool scim_boolean_parse(struct str text, bool *ret) {
    const bool is_true = str_eq_ascii_nocase(text, STR("true"));
    if (!is_true && !str_eq_ascii_nocase(text, STR("false"))) {
        return false;
    }
    *ret = is_true;
    return true;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

static void skip_blanks(struct parser *parser) {
    while (parser->rest.len > 0 && is_blank(parser->rest.at[0])) {
        parser->rest = str_from(parser->rest, 1);
    }
}

static bool take_byte(struct parser *parser, char byte) {
    skip_blanks(parser);
    if (parser->rest.len == 0 || parser->rest.at[0] != byte) {
        return false;
    }
    parser->rest = str_from(parser->rest, 1);
    return true;
}

static struct str peek_word(const struct parser *parser) {
    size_t len = 0;
    while (len < parser->rest.len && !is_blank(parser->rest.at[len]) &&
           str_find_byte(STR("()[]\""), parser->rest.at[len]) < 0) {
        len++;
    }
    return str_first(parser->rest, len);
}

static struct str take_word(struct parser *parser) {
    skip_blanks(parser);
    const struct str word = peek_word(parser);
    parser->rest = str_from(parser->rest, word.len);
    return word;
}

/* "and", "or", "not": only as a word of their own. */
static bool take_keyword(struct parser *parser, struct str keyword) {
    skip_blanks(parser);
    const struct str word = peek_word(parser);
    if (!str_eq_ascii_nocase(word, keyword)) {
        return false;
    }
    parser->rest = str_from(parser->rest, word.len);
    return true;
}

/* The JSON string at the cursor, quotes included. */
static struct str take_quoted(struct parser *parser) {
    size_t len = 1;
    while (len < parser->rest.len && parser->rest.at[len] != '"') {
        len += parser->rest.at[len] == '\\' ? 2 : 1;
    }
    const struct str text = str_first(parser->rest, len + 1);
    parser->rest = str_from(parser->rest, text.len);
    return text;
}

static result take_value(struct parser *parser, const struct json **ret) {
    skip_blanks(parser);
    const bool is_quoted = str_has_prefix(parser->rest, STR("\""));
    const struct str text = is_quoted ? take_quoted(parser) : take_word(parser);
    const struct json *value = NULL;
    if (!is_ok(json_read(parser->scope, text, &value)) || json_is_array(value) ||
        json_is_object(value)) {
        return BAD(parser);
    }
    *ret = value;
    return OK_RESULT;
}

static bool is_ordering(enum scim_operator op) {
    return op == SCIM_GT || op == SCIM_GE || op == SCIM_LT || op == SCIM_LE;
}

static bool is_equality(enum scim_operator op) {
    return op == SCIM_EQ || op == SCIM_NE;
}

static bool fits_boolean(struct parser *parser, struct scim_filter *term) {
    bool value = false;
    if (scim_boolean_parse(json_as_string(term->value), &value)) {
        term->value = json_new_boolean(parser->scope->arena, value);
    }
    return is_equality(term->op) && json_is_boolean(term->value);
}

static bool fits_time(struct parser *parser, const struct scim_filter *term) {
    int64_t us = 0;
    return json_is_string(term->value) &&
           (!is_ordering(term->op) ||
            is_ok(time_parse(parser->scope, json_as_string(term->value), &us)));
}

static bool fits_number(const struct scim_filter *term) {
    const enum json_kind kind = json_kind(term->value);
    return (kind == JSON_INTEGER || kind == JSON_REAL) &&
           (is_equality(term->op) || is_ordering(term->op));
}

/* RFC 7644 table 3: which operator and which value an attribute of that type takes. */
static bool fits(struct parser *parser, const struct scim_attribute *target,
                 struct scim_filter *term) {
    if (json_kind(term->value) == JSON_NULL) {
        return is_equality(term->op);
    }
    switch (target->kind) {
    case SCIM_BOOLEAN: return fits_boolean(parser, term);
    case SCIM_DATE_TIME: return fits_time(parser, term);
    case SCIM_INTEGER:
    case SCIM_DECIMAL: return fits_number(term);
    case SCIM_BINARY: return json_is_string(term->value) && !is_ordering(term->op);
    case SCIM_STRING:
    case SCIM_REFERENCE: return json_is_string(term->value);
    case SCIM_COMPLEX:
    case SCIM_KIND_COUNT: return false;
    }
    return false;
}

/* A complex attribute stands for its "value" (RFC 7644 figure 2: emails co "@x"). */
static result check_comparison(struct parser *parser, struct scim_filter *term) {
    if (term->ref.attribute == NULL) {
        return OK_RESULT; /* names are not looked at */
    }
    const struct scim_attribute *target = scim_ref_target(&term->ref);
    if (target->returned == SCIM_RETURNED_NEVER) {
        return BAD(parser);
    }
    if (term->op == SCIM_PR) {
        return OK_RESULT;
    }
    if (target->kind == SCIM_COMPLEX) {
        term->ref.sub = scim_default_sub(target);
        target = term->ref.sub;
    }
    return target != NULL && fits(parser, target, term) ? OK_RESULT : BAD(parser);
}

static result resolve(struct parser *parser, struct str name, struct scim_ref *ret) {
    bool is_known = false;
    if (parser->type != NULL) {
        const result parsed = scim_ref_parse(parser->scope, parser->type, name, ret, &is_known);
        if (is_ok(parsed) && !is_known && parser->takes_foreign) {
            *ret = (struct scim_ref){0};
            return OK_RESULT;
        }
        return is_ok(parsed) && is_known && ret->attribute != NULL ? OK_RESULT : BAD(parser);
    }
    if (!scim_is_name(name)) {
        return BAD(parser);
    }
    *ret = (struct scim_ref){0};
    if (parser->parent != NULL) {
        ret->attribute = scim_sub_find(parser->parent, name);
        return ret->attribute != NULL ? OK_RESULT : BAD(parser);
    }
    return OK_RESULT;
}

/* NOLINTBEGIN(misc-no-recursion): groups, bounded by SCIM_FILTER_MAX_DEPTH */
static struct scim_filter *new_node(struct parser *parser, enum scim_operator op,
                                    const struct scim_filter *left,
                                    const struct scim_filter *right) {
    struct scim_filter *node = NEW(parser->scope->arena, struct scim_filter);
    node->op = op;
    node->left = left;
    node->right = right;
    return node;
}

static result parse_or(struct parser *parser, const struct scim_filter **ret);

static result take_operator(struct parser *parser, enum scim_operator *ret) {
    const struct str word = take_word(parser);
    for (size_t i = 0; i < sizeof COMPARISONS / sizeof COMPARISONS[0]; i++) {
        if (str_eq_ascii_nocase(COMPARISONS[i].name, word)) {
            *ret = COMPARISONS[i].op;
            return OK_RESULT;
        }
    }
    return BAD(parser);
}

static result parse_comparison(struct parser *parser, struct scim_ref ref,
                               const struct scim_filter **ret) {
    struct scim_filter *term = new_node(parser, SCIM_EQ, NULL, NULL);
    term->ref = ref;
    TRY(take_operator(parser, &term->op));
    if (term->op != SCIM_PR) {
        TRY(take_value(parser, &term->value));
    }
    TRY(check_comparison(parser, term));
    *ret = term;
    return OK_RESULT;
}

/* Inside brackets other names are known; afterwards everything is as before. */
static result parse_inside(struct parser *parser, const struct scim_attribute *parent,
                           const struct scim_filter **ret) {
    struct parser inside = *parser;
    inside.type = NULL;
    inside.parent = parent;
    TRY(parse_or(&inside, ret));
    parser->rest = inside.rest;
    parser->terms = inside.terms;
    return take_byte(parser, ']') ? OK_RESULT : BAD(parser);
}

/* emails[type eq "work"].value eq "x": not in the grammar of filters, but providers document it.
 * Both have to hold for the same value. */
static result parse_tail(struct parser *parser, const struct scim_attribute *parent,
                         const struct scim_filter *inside, const struct scim_filter **ret) {
    struct parser tail = *parser;
    tail.type = NULL;
    tail.parent = parent;
    struct scim_ref ref;
    const struct scim_filter *term = NULL;
    TRY(resolve(&tail, take_word(&tail), &ref));
    TRY(parse_comparison(&tail, ref, &term));
    parser->rest = tail.rest;
    *ret = new_node(parser, SCIM_AND, inside, term);
    return OK_RESULT;
}

static result parse_value_path(struct parser *parser, struct scim_ref ref,
                               const struct scim_filter **ret) {
    const struct scim_filter *inside = NULL;
    if (ref.attribute != NULL &&
        (ref.sub != NULL || !ref.attribute->is_multi || ref.attribute->kind != SCIM_COMPLEX)) {
        return BAD(parser);
    }
    TRY(parse_inside(parser, ref.attribute, &inside));
    if (str_has_prefix(parser->rest, STR("."))) {
        parser->rest = str_from(parser->rest, 1);
        TRY(parse_tail(parser, ref.attribute, inside, &inside));
    }
    struct scim_filter *node = new_node(parser, SCIM_VALUE_PATH, inside, NULL);
    node->ref = ref;
    *ret = node;
    return OK_RESULT;
}

static result parse_group(struct parser *parser, const struct scim_filter **ret) {
    TRY(parse_or(parser, ret));
    return take_byte(parser, ')') ? OK_RESULT : BAD(parser);
}

static result parse_not(struct parser *parser, const struct scim_filter **ret) {
    const struct scim_filter *inside = NULL;
    if (take_byte(parser, '(')) {
        TRY(parse_group(parser, &inside));
    } else { /* "not a and b": the grammar wants parentheses, clients do not */
        struct scim_ref ref;
        TRY(resolve(parser, take_word(parser), &ref));
        TRY(parse_comparison(parser, ref, &inside));
    }
    *ret = new_node(parser, SCIM_NOT, inside, NULL);
    return OK_RESULT;
}

static result parse_term(struct parser *parser, const struct scim_filter **ret) {
    if (++parser->terms > SCIM_FILTER_MAX_TERMS) {
        return BAD(parser);
    }
    if (take_byte(parser, '(')) {
        return parse_group(parser, ret);
    }
    if (take_keyword(parser, STR("not"))) {
        return parse_not(parser, ret);
    }
    struct scim_ref ref;
    TRY(resolve(parser, take_word(parser), &ref));
    if (parser->type != NULL && str_has_prefix(parser->rest, STR("["))) {
        parser->rest = str_from(parser->rest, 1);
        return parse_value_path(parser, ref, ret);
    }
    return parse_comparison(parser, ref, ret);
}

static result parse_and(struct parser *parser, const struct scim_filter **ret) {
    const struct scim_filter *left = NULL;
    TRY(parse_term(parser, &left));
    while (take_keyword(parser, STR("and"))) {
        const struct scim_filter *right = NULL;
        TRY(parse_term(parser, &right));
        left = new_node(parser, SCIM_AND, left, right);
    }
    *ret = left;
    return OK_RESULT;
}

static result parse_or(struct parser *parser, const struct scim_filter **ret) {
    const struct scim_filter *left = NULL;
    if (++parser->depth > SCIM_FILTER_MAX_DEPTH) {
        return BAD(parser);
    }
    TRY(parse_and(parser, &left));
    while (take_keyword(parser, STR("or"))) {
        const struct scim_filter *right = NULL;
        TRY(parse_and(parser, &right));
        left = new_node(parser, SCIM_OR, left, right);
    }
    parser->depth--;
    *ret = left;
    return OK_RESULT;
}
/* NOLINTEND(misc-no-recursion) */

static result parse(struct parser parser, const struct scim_filter **ret) {
    struct scope *scope = parser.scope;
    const struct str text = parser.rest;
    REQUIRE(scope, text.len <= SCIM_FILTER_MAX_BYTES && str_is_utf8(text), INVALID, "scim.filter");
    const struct scim_filter *filter = NULL;
    TRY(parse_or(&parser, &filter));
    skip_blanks(&parser);
    REQUIRE(scope, parser.rest.len == 0, INVALID, "scim.filter");
    *ret = filter;
    return OK_RESULT;
}

result scim_filter_parse(struct scope *scope, const struct scim_type *type, struct str text,
                         const struct scim_filter **ret) {
    return parse((struct parser){.scope = scope, .type = type, .rest = text}, ret);
}

result scim_filter_parse_any(struct scope *scope, const struct scim_type *type, struct str text,
                             const struct scim_filter **ret) {
    return parse((struct parser){.scope = scope, .type = type, .rest = text, .takes_foreign = true},
                 ret);
}

result scim_filter_parse_bracket(struct scope *scope, const struct scim_attribute *attribute,
                                 struct str text, const struct scim_filter **ret,
                                 struct str *ret_rest) {
    struct parser parser = {.scope = scope, .rest = text};
    REQUIRE(scope, text.len <= SCIM_FILTER_MAX_BYTES && str_is_utf8(text), INVALID, "scim.filter");
    const struct scim_filter *filter = NULL;
    TRY(parse_inside(&parser, attribute, &filter));
    *ret = filter;
    *ret_rest = parser.rest;
    return OK_RESULT;
}
