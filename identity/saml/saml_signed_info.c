#include "identity/saml/saml_signed_info.h"

#include <string.h>

#include <libxml/c14n.h>

#include "base/arena.h"
#include "identity/saml/saml_algorithm.h"

enum { LARGE_NODES = 1000, PREFIXES_MAX = 64 };

bool saml_is_large(const xmlDoc *document) {
    size_t count = 0;
    const xmlNode *node = xmlDocGetRootElement(document);
    while (node != NULL && count <= LARGE_NODES) {
        count++;
        if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
            node = node->children;
            continue;
        }
        while (node != NULL && node->next == NULL) {
            node = node->parent; /* the document's is NULL */
        }
        node = node == NULL ? NULL : node->next;
    }
    return count > LARGE_NODES;
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
