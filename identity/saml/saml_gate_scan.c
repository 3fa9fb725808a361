/* Looks at the bytes of a document before libxml2 does. Exact for as long as the document is well
 * formed, which is all that is needed: behind the first fault libxml2 stops. */

#include "identity/saml/saml_gate_rules.h"

enum {
    DEPTH_MAX = 48,
    QUOTED_MAX = 64,    /* of one tag: attributes and namespace declarations */
    NAMESPACES_MAX = 64 /* in scope */
};

struct scan {
    const struct saml_volume *limit;
    struct str xml;
    size_t at, depth, elements, in_scope;
    size_t declared[DEPTH_MAX + 1]; /* by depth */
};

struct tag {
    size_t quoted, namespaces;
    bool is_end, is_empty;
};

static bool starts_with(const struct scan *scan, struct str text) {
    return str_has_prefix(str_from(scan->xml, scan->at), text);
}

static void skip_past(struct scan *scan, struct str text) {
    const ptrdiff_t found = str_find(str_from(scan->xml, scan->at), text);
    scan->at = found < 0 ? scan->xml.len : scan->at + (size_t) found + text.len;
}

/* From behind '<' to behind '>'; or to the next '<', which is a fault outside and inside quotes. */
static struct tag read_tag(struct scan *scan) {
    struct tag tag = {.is_end = starts_with(scan, STR("/"))};
    char quote = '\0';
    for (; scan->at < scan->xml.len; scan->at++) {
        const char byte = scan->xml.at[scan->at];
        if (byte == '<') {
            return tag;
        }
        if (quote != '\0') {
            quote = byte == quote ? '\0' : quote;
            continue;
        }
        if (byte == '>') {
            tag.is_empty = scan->xml.at[scan->at - 1] == '/';
            scan->at++;
            return tag;
        }
        if (byte == '"' || byte == '\'') {
            quote = byte;
            tag.quoted++;
        } else if (byte == 'x' && starts_with(scan, STR("xmlns"))) {
            tag.namespaces++;
        }
    }
    return tag;
}

static result count_tag(struct scope *scope, struct scan *scan, const struct tag *tag) {
    if (tag->is_end) {
        if (scan->depth > 0) {
            scan->in_scope -= scan->declared[scan->depth];
            scan->depth--;
        }
        return OK_RESULT;
    }
    scan->elements++;
    SAML_REQUIRE(scope,
                 tag->quoted <= QUOTED_MAX && scan->depth < scan->limit->depth &&
                     scan->elements <= scan->limit->elements &&
                     scan->in_scope + tag->namespaces <= NAMESPACES_MAX,
                 SAML_GATE_VOLUME);
    if (!tag->is_empty) {
        scan->depth++;
        scan->declared[scan->depth] = tag->namespaces;
        scan->in_scope += tag->namespaces;
    }
    return OK_RESULT;
}

result saml_gate_scan(struct scope *scope, const struct saml_volume *limit, struct str xml) {
    struct scan scan = {.limit = limit, .xml = xml};
    SAML_REQUIRE(scope, limit->depth <= DEPTH_MAX, SAML_GATE_VOLUME);
    for (;;) {
        skip_past(&scan, STR("<"));
        if (scan.at == xml.len) {
            return OK_RESULT;
        }
        if (starts_with(&scan, STR("!--"))) {
            scan.at += 3;
            skip_past(&scan, STR("-->"));
        } else if (starts_with(&scan, STR("![CDATA["))) {
            skip_past(&scan, STR("]]>"));
        } else if (starts_with(&scan, STR("?"))) {
            skip_past(&scan, STR("?>"));
        } else {
            const struct tag tag = read_tag(&scan);
            TRY(count_tag(scope, &scan, &tag));
        }
    }
}

static struct str skip_blanks(struct str text) {
    while (text.len > 0 &&
           (text.at[0] == ' ' || text.at[0] == '\t' || text.at[0] == '\r' || text.at[0] == '\n')) {
        text = str_from(text, 1);
    }
    return text;
}

/* `text` starts behind the word "encoding". */
static bool names_utf8(struct str text) {
    text = skip_blanks(text);
    if (!str_has_prefix(text, STR("="))) {
        return false;
    }
    text = skip_blanks(str_from(text, 1));
    if (text.len == 0 || (text.at[0] != '"' && text.at[0] != '\'')) {
        return false;
    }
    struct str name;
    str_split(str_from(text, 1), text.at[0], &name);
    return str_eq_ascii_nocase(name, STR("UTF-8")) || str_eq_ascii_nocase(name, STR("US-ASCII"));
}

/* libxml2 guesses EBCDIC and UTF-16 from the first bytes, and opens a converter (a file) for a
 * declared encoding even where it then does not use it. */
result saml_gate_encoding(struct scope *scope, struct str xml) {
    if (str_has_prefix(xml, STR("\xef\xbb\xbf"))) {
        xml = str_from(xml, 3);
    }
    SAML_REQUIRE(scope, str_has_prefix(skip_blanks(xml), STR("<")), SAML_GATE_XML);
    if (!str_has_prefix(xml, STR("<?xml"))) {
        return OK_RESULT;
    }
    const ptrdiff_t end = str_find(xml, STR("?>"));
    SAML_REQUIRE(scope, end >= 0, SAML_GATE_XML);
    const struct str word = STR("encoding");
    const struct str declaration = str_first(xml, (size_t) end);
    const ptrdiff_t found = str_find(declaration, word);
    if (found < 0) {
        return OK_RESULT;
    }
    const struct str behind = str_from(declaration, (size_t) found + word.len);
    SAML_REQUIRE(scope, str_find(behind, word) < 0 && names_utf8(behind), SAML_GATE_XML);
    return OK_RESULT;
}
