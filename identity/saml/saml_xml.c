#include "identity/saml/saml_xml.h"

#include <string.h>

struct str saml_xml_chars(const xmlChar *text) {
    return str_from_c((const char *) text);
}

static bool is_text(const xmlChar *text, const char *wanted) {
    return text != NULL && strcmp((const char *) text, wanted) == 0;
}

bool saml_xml_is_in(const xmlNode *node, const char *ns) {
    return node != NULL && node->type == XML_ELEMENT_NODE && node->ns != NULL &&
           is_text(node->ns->href, ns);
}

bool saml_xml_is(const xmlNode *node, const char *ns, const char *name) {
    return saml_xml_is_in(node, ns) && is_text(node->name, name);
}

static xmlNode *find_from(xmlNode *node, const char *ns, const char *name) {
    while (node != NULL && !saml_xml_is(node, ns, name)) {
        node = node->next;
    }
    return node;
}

xmlNode *saml_xml_child(const xmlNode *parent, const char *ns, const char *name) {
    return parent == NULL ? NULL : find_from(parent->children, ns, name);
}

xmlNode *saml_xml_next(const xmlNode *node) {
    return find_from(node->next, (const char *) node->ns->href, (const char *) node->name);
}

size_t saml_xml_count(const xmlNode *parent, const char *ns, const char *name) {
    size_t count = 0;
    for (const xmlNode *node = saml_xml_child(parent, ns, name); node != NULL;
         node = saml_xml_next(node)) {
        count++;
    }
    return count;
}

static xmlNode *element_from(xmlNode *node) {
    while (node != NULL && node->type != XML_ELEMENT_NODE) {
        node = node->next;
    }
    return node;
}

xmlNode *saml_xml_first_element(const xmlNode *parent) {
    return parent == NULL ? NULL : element_from(parent->children);
}

xmlNode *saml_xml_next_element(const xmlNode *node) {
    return element_from(node->next);
}

static bool is_blank(const xmlNode *node) {
    return node->type == XML_TEXT_NODE && node->content != NULL &&
           strspn((const char *) node->content, " \t\r\n") == strlen((const char *) node->content);
}

bool saml_xml_children_are(const xmlNode *parent, const char *ns, const char *const *names,
                           size_t count) {
    size_t at = 0;
    for (const xmlNode *node = parent->children; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE) {
            if (at == count || !saml_xml_is(node, ns, names[at])) {
                return false;
            }
            at++;
        } else if (!is_blank(node)) {
            return false;
        }
    }
    return at == count;
}

bool saml_xml_is_empty(const xmlNode *node) {
    return saml_xml_children_are(node, "", NULL, 0);
}

static const xmlAttr *find_attribute(const xmlNode *node, const char *name) {
    if (node == NULL || node->type != XML_ELEMENT_NODE) {
        return NULL;
    }
    const xmlAttr *attribute = node->properties;
    while (attribute != NULL && (attribute->ns != NULL || !is_text(attribute->name, name))) {
        attribute = attribute->next;
    }
    return attribute;
}

bool saml_xml_has_attribute(const xmlNode *node, const char *name) {
    return find_attribute(node, name) != NULL;
}

struct str saml_xml_attribute_text(const xmlAttr *attribute) {
    const xmlNode *text = attribute == NULL ? NULL : attribute->children;
    const bool is_one = text != NULL && text->type == XML_TEXT_NODE && text->next == NULL;
    return is_one ? saml_xml_chars(text->content) : (struct str){"", 0};
}

struct str saml_xml_attribute(const xmlNode *node, const char *name) {
    return saml_xml_attribute_text(find_attribute(node, name));
}

bool saml_xml_text(const xmlNode *node, struct str *ret) {
    const xmlNode *text = node->children;
    if (text == NULL) {
        *ret = (struct str){"", 0};
        return true;
    }
    if (text->type != XML_TEXT_NODE || text->next != NULL) {
        return false;
    }
    *ret = saml_xml_chars(text->content);
    return true;
}
