#include "identity/saml/saml_signed_info.h"

#include <string.h>

#include <libxml/c14n.h>

#include "base/arena.h"
#include "identity/saml/saml_algorithm.h"

enum { LARGE_WEIGHT = 4000, ADDRESS_BYTES = 32, PREFIXES_MAX = 64 };

/* A namespace weighs more the longer its address is: attributes are sorted by it. */
static size_t weight_of_namespaces(const xmlNode *element) {
    size_t weight = 0;
    for (const xmlNs *ns = element->nsDef; ns != NULL; ns = ns->next) {
        weight += 1 + saml_xml_chars(ns->href).len / ADDRESS_BYTES;
    }
    return weight;
}

static size_t count_attributes(const xmlNode *element) {
    size_t count = 0;
    for (const xmlAttr *attribute = element->properties; attribute != NULL;
         attribute = attribute->next) {
        count++;
    }
    return count;
}

/* The next node behind this one and all that is below it. */
static const xmlNode *leave(const xmlNode *node, size_t *in_scope) {
    while (node->next == NULL) {
        node = node->parent;
        if (node == NULL || node->type != XML_ELEMENT_NODE) {
            return NULL; /* the document */
        }
        *in_scope -= weight_of_namespaces(node);
    }
    return node->next;
}

bool saml_is_large(const xmlDoc *document) {
    size_t weight = 0;
    size_t in_scope = 0;
    const xmlNode *node = xmlDocGetRootElement(document);
    while (node != NULL && weight <= LARGE_WEIGHT) {
        weight++;
        if (node->type == XML_ELEMENT_NODE) {
            const size_t own = weight_of_namespaces(node);
            weight += count_attributes(node) + in_scope + own;
            if (node->children != NULL) {
                in_scope += own;
                node = node->children;
                continue;
            }
        }
        node = leave(node, &in_scope);
    }
    return weight > LARGE_WEIGHT;
}

static void close_output(xmlOutputBuffer **output) {
    if (*output != NULL) {
        xmlOutputBufferClose(*output);
    }
}

/* For a namespace libxml2 gives the element that shows it. */
static int is_inside(void *context, xmlNode *node, xmlNode *parent) {
    const xmlNode *at = node->type == XML_NAMESPACE_DECL ? parent : node;
    while (at != NULL && at != context) {
        at = at->parent;
    }
    return at != NULL;
}

/* The tokens of PrefixList, NULL behind the last. False: more than anybody has. */
static bool read_prefixes(struct scope *scope, const xmlNode *method,
                          xmlChar *ret[PREFIXES_MAX + 1]) {
    struct str list = saml_xml_attribute(saml_xml_child(method, EXC_C14N_NS, "InclusiveNamespaces"),
                                         "PrefixList");
    size_t count = 0;
    while (list.len > 0) {
        const size_t len = strcspn(list.at, " \t\r\n"); /* attributes end in NUL */
        if (len > 0) {
            if (count == PREFIXES_MAX) {
                return false;
            }
            ret[count] = arena_alloc(scope->arena, len + 1);
            memcpy(ret[count], list.at, len);
            count++;
        }
        list = str_from(list, len + 1);
    }
    ret[count] = NULL;
    return true;
}

result saml_signed_info_bytes(struct scope *scope, xmlNode *signature, struct str *ret) {
    xmlNode *info = saml_xml_child(signature, DSIG_NS, "SignedInfo");
    const xmlNode *method = saml_xml_child(info, DSIG_NS, "CanonicalizationMethod");
    const bool is_exclusive = str_eq(saml_xml_attribute(method, "Algorithm"), STR(C14N_EXCLUSIVE));
    xmlChar *prefixes[PREFIXES_MAX + 1];
    AUTO(close_output) xmlOutputBuffer *output = xmlAllocOutputBuffer(NULL);
    SAML_REQUIRE(scope, output != NULL && read_prefixes(scope, method, prefixes), SAML_SIGNATURE);
    const int done =
        xmlC14NExecute(signature->doc, is_inside, info,
                       is_exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0, prefixes, 0, output);
    SAML_REQUIRE(scope, done >= 0 && xmlOutputBufferGetSize(output) > 0, SAML_SIGNATURE);
    *ret = str_copy(scope->arena, (struct str){(const char *) xmlOutputBufferGetContent(output),
                                               xmlOutputBufferGetSize(output)});
    return OK_RESULT;
}
