#pragma once
/* The strict gate: bytes to a tree in which nothing is left that later steps could misread. It says
 * nothing about who sent them. */

#include <libxml/tree.h>

#include "identity/saml/saml_jail.h"
#include "identity/saml/saml_reason.h"

enum saml_root {
    SAML_ROOT_RESPONSE,
    SAML_ROOT_LOGOUT_REQUEST,
    SAML_ROOT_LOGOUT_RESPONSE,
    SAML_ROOT_ASSERTION, /* what was decrypted */
    SAML_ROOT_NAME_ID,   /* what was decrypted */
    SAML_ROOT_METADATA   /* wider limits, comments are passed over, signatures are not looked at */
};

struct saml_gate {
    enum saml_root root;
    bool is_sha1_allowed, is_cbc_allowed;
};

/* ASCII blanks stripped, then strict. saml.gate_size, _base64. */
RESULT saml_gate_decode(struct scope *scope, struct str text, struct str *ret);
/* Any saml.gate_* reason. Of a Response's assertions there is one, or none. The caller closes the
 * document: AUTO(saml_gate_close). */
RESULT saml_gate_open(struct scope *scope, const struct saml_gate *gate, struct str xml,
                      xmlDoc **ret);
void saml_gate_close(xmlDoc **document);

/* The form of one Signature (saml.gate_signature, _algorithm); the gate calls it for each. */
RESULT saml_gate_signature(struct scope *scope, const struct saml_gate *gate,
                           const xmlNode *signature);
