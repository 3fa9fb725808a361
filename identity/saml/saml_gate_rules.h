#pragma once
/* What the gate asks about single elements; between the files of the gate only. */

#include "identity/saml/saml_gate.h"

/* Limits on the bytes, before a parser sees them: libxml2's cost grows with the square of the
 * attributes of an element and with the namespaces in scope. saml.gate_volume. */
struct saml_volume {
    size_t depth, elements;
};
RESULT saml_gate_scan(struct scope *scope, const struct saml_volume *limit, struct str xml);
/* The first byte and the declared encoding. saml.gate_xml. */
RESULT saml_gate_encoding(struct scope *scope, struct str xml);
/* Elements of XML Signature outside their place. saml.gate_signature, gate_element. */
RESULT saml_gate_dsig_element(struct scope *scope, const struct saml_gate *gate,
                              const xmlNode *node);
/* Elements of XML Encryption, and what encrypts in SAML. saml.gate_element, gate_algorithm. */
RESULT saml_gate_encryption_element(struct scope *scope, const struct saml_gate *gate,
                                    const xmlNode *node);
