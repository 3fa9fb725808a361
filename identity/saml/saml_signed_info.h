#pragma once
/* The signed part of a Signature, in canonical form: what a key is tried on before the expensive
 * part of a large document is looked at. */

#include "identity/saml/saml_reason.h"
#include "identity/saml/saml_xml.h"

/* More to canonicalise than an honest sign-in has: nodes, attributes, and at each element the
 * namespaces in scope. Whoever sends such a document has to know a key before its content is
 * canonicalised, once for each certificate. */
bool saml_is_large(const xmlDoc *document);
/* Of a gated Signature. saml.signature. */
RESULT saml_signed_info_bytes(struct scope *scope, xmlNode *signature, struct str *ret);
