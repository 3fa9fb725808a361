#pragma once
/* Small questions to a gated tree: elements by namespace and name, texts that are exactly one text
 * node. Nothing is looked for deeper than among the children. */

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "base/str.h"

#define SAML_NS     "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAMLP_NS    "urn:oasis:names:tc:SAML:2.0:protocol"
#define METADATA_NS "urn:oasis:names:tc:SAML:2.0:metadata"
#define DSIG_NS     "http://www.w3.org/2000/09/xmldsig#"
#define XENC_NS     "http://www.w3.org/2001/04/xmlenc#"
#define XENC11_NS   "http://www.w3.org/2009/xmlenc11#"
#define EXC_C14N_NS "http://www.w3.org/2001/10/xml-exc-c14n#"
#define SCHEMA_NS   "http://www.w3.org/2001/XMLSchema-instance"

/* Every function takes NULL for a node that is not there. */
bool saml_xml_is(const xmlNode *node, const char *ns, const char *name);
bool saml_xml_is_in(const xmlNode *node, const char *ns);
xmlNode *saml_xml_child(const xmlNode *parent, const char *ns, const char *name); /* the first */
xmlNode *saml_xml_next(const xmlNode *node); /* sibling of the same name */
size_t saml_xml_count(const xmlNode *parent, const char *ns, const char *name);
xmlNode *saml_xml_first_element(const xmlNode *parent);
xmlNode *saml_xml_next_element(const xmlNode *node);
/* True when the children are these elements of one namespace in this order, and blanks. */
bool saml_xml_children_are(const xmlNode *parent, const char *ns, const char *const *names,
                           size_t count);
/* No child but blanks. */
bool saml_xml_is_empty(const xmlNode *node);

/* Attributes without a namespace. The slices live as long as the document. */
bool saml_xml_has_attribute(const xmlNode *node, const char *name);
struct str saml_xml_attribute(const xmlNode *node, const char *name); /* empty when absent */
struct str saml_xml_attribute_text(const xmlAttr *attribute);
/* The only child, which is a text; no child at all is the empty text. */
bool saml_xml_text(const xmlNode *node, struct str *ret);
struct str saml_xml_chars(const xmlChar *text);
