/* The order of the refusals: bytes, parser, then one walk over the tree without recursion. */

#include "identity/saml/saml_gate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/uri.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "identity/saml/saml_gate_rules.h"
#include "identity/saml/saml_xml.h"

enum {
    DEPTH_MAX = 48,
    NODES_MAX = 20000,
    METADATA_NODES_MAX = 100000,
    ATTRIBUTES_MAX = 32,
    ID_MAX = 256,
    IDS_AT_FIRST = 16
};

struct walk {
    const struct saml_gate *gate;
    const xmlNode *root;
    size_t nodes, depth, assertions;
    size_t id_count, id_room;
    struct str *ids;
};

static const struct {
    const char *ns, *name;
} ROOTS[] = {
    [SAML_ROOT_RESPONSE] = {SAMLP_NS, "Response"},
    [SAML_ROOT_LOGOUT_REQUEST] = {SAMLP_NS, "LogoutRequest"},
    [SAML_ROOT_LOGOUT_RESPONSE] = {SAMLP_NS, "LogoutResponse"},
    [SAML_ROOT_ASSERTION] = {SAML_NS, "Assertion"},
    [SAML_ROOT_NAME_ID] = {SAML_NS, "NameID"},
};

static bool is_metadata(const struct walk *walk) {
    return walk->gate->root == SAML_ROOT_METADATA;
}

result saml_gate_decode(struct scope *scope, struct str text, struct str *ret) {
    SAML_REQUIRE(scope, text.len <= SAML_BODY_MAX, SAML_GATE_SIZE);
    char *digits = arena_alloc(scope->arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        digits[len] = byte;
        len += byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n';
    }
    struct str bytes;
    SAML_REQUIRE(scope, is_ok(base64_decode(scope, (struct str){digits, len}, &bytes)),
                 SAML_GATE_BASE64);
    SAML_REQUIRE(scope, bytes.len <= SAML_MESSAGE_MAX, SAML_GATE_SIZE);
    *ret = bytes;
    return OK_RESULT;
}

static result check_bytes(struct scope *scope, const struct saml_gate *gate, struct str xml) {
    const bool is_large = gate->root == SAML_ROOT_METADATA;
    const struct saml_volume limit = {
        .depth = DEPTH_MAX,
        .elements = is_large ? METADATA_NODES_MAX : NODES_MAX,
    };
    SAML_REQUIRE(scope, xml.len <= (size_t) (is_large ? SAML_METADATA_MAX : SAML_MESSAGE_MAX),
                 SAML_GATE_SIZE);
    SAML_REQUIRE(scope, str_find_byte(xml, '\0') < 0, SAML_GATE_XML);
    SAML_REQUIRE(scope, str_find(xml, STR("<!DOCTYPE")) < 0, SAML_GATE_DTD);
    TRY(saml_gate_encoding(scope, xml));
    return saml_gate_scan(scope, &limit, xml);
}

static void free_parser(xmlParserCtxt **parser) {
    xmlFreeParserCtxt(*parser);
}

/* The explicit "UTF-8" overrules the declaration: without it a DOCTYPE in UTF-7 would pass the
 * search for its bytes. The parser's own context shows faults of namespaces (an unbound prefix, the
 * same attribute by two prefixes), which xmlReadMemory hides. */
static result parse(struct scope *scope, struct str xml, xmlDoc **ret) {
    AUTO(free_parser) xmlParserCtxt *parser = xmlNewParserCtxt();
    SAML_REQUIRE(scope, parser != NULL, SAML_GATE_XML);
    AUTO(saml_gate_close)
    xmlDoc *document = xmlCtxtReadMemory(parser, xml.at, (int) xml.len, NULL, "UTF-8",
                                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    SAML_REQUIRE(scope, document != NULL && parser->wellFormed == 1 && parser->nsWellFormed == 1,
                 SAML_GATE_XML);
    SAML_REQUIRE(scope, document->intSubset == NULL && document->extSubset == NULL, SAML_GATE_DTD);
    SAML_REQUIRE(scope,
                 document->version == NULL || strcmp((const char *) document->version, "1.0") == 0,
                 SAML_GATE_XML);
    *ret = document;
    document = NULL;
    return OK_RESULT;
}

/* An absolute URI: a relative one makes canonicalisation fail, and some then digest nothing. */
static bool is_absolute(const xmlChar *href) {
    const struct str text = saml_xml_chars(href);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~') {
            return false;
        }
    }
    xmlURI *uri = text.len == 0 ? NULL : xmlParseURI((const char *) href);
    const bool is_fine = uri != NULL && uri->scheme != NULL && uri->scheme[0] != '\0' &&
                         (uri->server != NULL || uri->opaque != NULL || uri->path != NULL);
    xmlFreeURI(uri);
    return is_fine;
}

static bool is_named_id(const xmlAttr *attribute) {
    return str_eq_ascii_nocase(saml_xml_chars(attribute->name), STR("ID"));
}

/* What can be written behind the '#' of a reference and mean nothing else. */
static bool is_id_text(struct str id) {
    for (size_t i = 0; i < id.len; i++) {
        const char byte = id.at[i];
        const bool is_fine = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                             (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' ||
                             byte == '.' || byte == ':';
        if (!is_fine) {
            return false;
        }
    }
    return id.len > 0;
}

static void keep_id(struct scope *scope, struct walk *walk, struct str id) {
    if (walk->id_count == walk->id_room) {
        walk->id_room = walk->id_room == 0 ? IDS_AT_FIRST : 2 * walk->id_room;
        struct str *ids = NEW_ARRAY(scope->arena, walk->id_room, struct str);
        if (walk->id_count > 0) {
            memcpy(ids, walk->ids, walk->id_count * sizeof *ids);
        }
        walk->ids = ids;
    }
    walk->ids[walk->id_count] = id;
    walk->id_count++;
}

static result check_id(struct scope *scope, struct walk *walk, const xmlAttr *attribute) {
    const struct str id = saml_xml_attribute_text(attribute);
    SAML_REQUIRE(scope, id.len <= ID_MAX, SAML_GATE_VOLUME);
    SAML_REQUIRE(scope, attribute->ns == NULL && is_id_text(id), SAML_GATE_ID);
    keep_id(scope, walk, id);
    return OK_RESULT;
}

static bool may_have_type(const struct walk *walk, const xmlNode *node) {
    return saml_xml_is(node, SAML_NS, "AttributeValue") ||
           saml_xml_is(node, SAML_NS, "Condition") ||
           (is_metadata(walk) && saml_xml_is(node, METADATA_NS, "RoleDescriptor"));
}

static bool is_xsi_type(const xmlAttr *attribute) {
    return attribute->ns != NULL && strcmp((const char *) attribute->ns->href, SCHEMA_NS) == 0 &&
           strcmp((const char *) attribute->name, "type") == 0;
}

static result check_attributes(struct scope *scope, struct walk *walk, const xmlNode *node) {
    size_t count = 0;
    for (const xmlAttr *attribute = node->properties; attribute != NULL;
         attribute = attribute->next) {
        count++;
        SAML_REQUIRE(scope, count <= ATTRIBUTES_MAX, SAML_GATE_VOLUME);
        const xmlNode *text = attribute->children;
        SAML_REQUIRE(scope, text == NULL || (text->type == XML_TEXT_NODE && text->next == NULL),
                     SAML_GATE_NODE);
        if (is_named_id(attribute)) {
            TRY(check_id(scope, walk, attribute));
        }
        SAML_REQUIRE(scope, !is_xsi_type(attribute) || may_have_type(walk, node), SAML_GATE_TYPE);
    }
    return OK_RESULT;
}

static result check_namespaces(struct scope *scope, const xmlNode *node) {
    size_t count = 0;
    for (const xmlNs *ns = node->nsDef; ns != NULL; ns = ns->next) {
        count++;
        SAML_REQUIRE(scope, count <= ATTRIBUTES_MAX, SAML_GATE_VOLUME);
        SAML_REQUIRE(scope, is_absolute(ns->href), SAML_GATE_NAMESPACE);
    }
    return OK_RESULT;
}

static bool is_message(enum saml_root root) {
    switch (root) {
    case SAML_ROOT_RESPONSE:
    case SAML_ROOT_LOGOUT_REQUEST:
    case SAML_ROOT_LOGOUT_RESPONSE: return true;
    case SAML_ROOT_ASSERTION:
    case SAML_ROOT_NAME_ID:
    case SAML_ROOT_METADATA: break;
    }
    return false;
}

/* Elements of the protocol, each in the one place that it has. */
static bool is_in_protocol_place(const struct walk *walk, const xmlNode *node) {
    const xmlNode *parent = node->parent;
    if (node == walk->root) {
        return true; /* the right one: checked by check_root */
    }
    if (!is_message(walk->gate->root)) {
        return false;
    }
    if (saml_xml_is(node, SAMLP_NS, "Status")) {
        return parent == walk->root && walk->gate->root != SAML_ROOT_LOGOUT_REQUEST;
    }
    if (saml_xml_is(node, SAMLP_NS, "StatusCode")) {
        return saml_xml_is(parent, SAMLP_NS, "Status") ||
               saml_xml_is(parent, SAMLP_NS, "StatusCode");
    }
    if (saml_xml_is(node, SAMLP_NS, "StatusMessage") ||
        saml_xml_is(node, SAMLP_NS, "StatusDetail")) {
        return saml_xml_is(parent, SAMLP_NS, "Status");
    }
    if (saml_xml_is(node, SAMLP_NS, "SessionIndex")) {
        return parent == walk->root && walk->gate->root == SAML_ROOT_LOGOUT_REQUEST;
    }
    return saml_xml_is(node, SAMLP_NS, "Extensions") && parent == walk->root;
}

static bool is_assertion(const xmlNode *node) {
    return saml_xml_is(node, SAML_NS, "Assertion") ||
           saml_xml_is(node, SAML_NS, "EncryptedAssertion");
}

static result check_assertion(struct scope *scope, struct walk *walk, const xmlNode *node) {
    walk->assertions++;
    const bool is_in_place = node == walk->root ||
                             (node->parent == walk->root && walk->gate->root == SAML_ROOT_RESPONSE);
    SAML_REQUIRE(scope, is_in_place && walk->assertions == 1, SAML_GATE_ELEMENT);
    return OK_RESULT;
}

static result check_element(struct scope *scope, struct walk *walk, const xmlNode *node) {
    TRY(check_namespaces(scope, node));
    TRY(check_attributes(scope, walk, node));
    if (is_metadata(walk)) {
        return OK_RESULT;
    }
    SAML_REQUIRE(scope, !saml_xml_is_in(node, SAMLP_NS) || is_in_protocol_place(walk, node),
                 SAML_GATE_ELEMENT);
    if (is_assertion(node)) {
        TRY(check_assertion(scope, walk, node));
    }
    TRY(saml_gate_encryption_element(scope, walk->gate, node));
    return saml_gate_dsig_element(scope, walk->gate, node);
}

static result check_node(struct scope *scope, struct walk *walk, const xmlNode *node) {
    if (node->type == XML_COMMENT_NODE && is_metadata(walk)) {
        return OK_RESULT;
    }
    SAML_REQUIRE(scope, node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE,
                 SAML_GATE_NODE);
    walk->nodes++;
    SAML_REQUIRE(scope,
                 walk->nodes <= (size_t) (is_metadata(walk) ? METADATA_NODES_MAX : NODES_MAX) &&
                     walk->depth <= DEPTH_MAX,
                 SAML_GATE_VOLUME);
    return node->type == XML_ELEMENT_NODE ? check_element(scope, walk, node) : OK_RESULT;
}

static const xmlNode *next_node(struct walk *walk, const xmlNode *node) {
    if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
        walk->depth++;
        return node->children;
    }
    while (node != walk->root && node->next == NULL) {
        walk->depth--;
        node = node->parent;
    }
    return node == walk->root ? NULL : node->next;
}

static int compare_ids(const void *a, const void *b) {
    const struct str *first = a;
    const struct str *second = b;
    return str_compare(*first, *second);
}

static result check_unique(struct scope *scope, const struct walk *walk) {
    if (walk->id_count > 1) {
        qsort(walk->ids, walk->id_count, sizeof *walk->ids, compare_ids);
    }
    for (size_t i = 1; i < walk->id_count; i++) {
        SAML_REQUIRE(scope, !str_eq(walk->ids[i - 1], walk->ids[i]), SAML_GATE_ID);
    }
    return OK_RESULT;
}

static result check_root(struct scope *scope, const struct walk *walk) {
    if (is_metadata(walk)) {
        return OK_RESULT; /* the reader looks for itself */
    }
    const bool is_wanted =
        saml_xml_is(walk->root, ROOTS[walk->gate->root].ns, ROOTS[walk->gate->root].name);
    SAML_REQUIRE(scope, is_wanted, SAML_GATE_ELEMENT);
    return OK_RESULT;
}

static result walk_tree(struct scope *scope, const struct saml_gate *gate, const xmlDoc *document) {
    struct walk walk = {.gate = gate, .root = xmlDocGetRootElement(document), .depth = 1};
    SAML_REQUIRE(scope, walk.root != NULL, SAML_GATE_XML);
    for (const xmlNode *node = document->children; node != NULL; node = node->next) {
        SAML_REQUIRE(scope,
                     node == walk.root || (is_metadata(&walk) && node->type == XML_COMMENT_NODE),
                     SAML_GATE_NODE);
    }
    TRY(check_root(scope, &walk));
    for (const xmlNode *node = walk.root; node != NULL; node = next_node(&walk, node)) {
        TRY(check_node(scope, &walk, node));
    }
    return check_unique(scope, &walk);
}

result saml_gate_open(struct scope *scope, const struct saml_gate *gate, struct str xml,
                      xmlDoc **ret) {
    TRY(check_bytes(scope, gate, xml));
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    TRY(parse(scope, xml, &document));
    assert(document != NULL);
    TRY(walk_tree(scope, gate, document));
    *ret = document;
    document = NULL;
    return OK_RESULT;
}

void saml_gate_close(xmlDoc **document) {
    xmlFreeDoc(*document);
    *document = NULL;
}
