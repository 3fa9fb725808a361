#pragma once
/* Facts out of verified nodes. What is wrong with a single text refuses; whether the facts are what
 * was expected is saml_check's business. All texts are copied into the scope's arena. */

#include <libxml/tree.h>

#include "identity/saml/saml.h"
#include "identity/saml/saml_reason.h"

/* Made by saml_verify.c alone: whoever holds one may believe what is below it. */
struct saml_verified {
    const xmlNode *node; /* NULL: there is none */
};
/* The root of a Response, signed or not: it can refuse, never allow. */
struct saml_hint {
    const xmlNode *node;
};

/* All but the assertion and the protection. saml.issuer, .status, .time. */
RESULT saml_read_response(struct scope *scope, struct saml_hint root, struct saml_response *ret);
/* `name_id`: what was in the subject's EncryptedID. saml.issuer, .name_id, .audience, .time,
 * .gate_volume: more than saml.h has room for. */
RESULT saml_read_assertion(struct scope *scope, struct saml_verified assertion,
                           struct saml_verified name_id, struct saml_assertion *ret);
/* The root of a LogoutRequest or LogoutResponse; all but relay_state and the protection. */
RESULT saml_read_logout(struct scope *scope, struct saml_verified root,
                        struct saml_verified name_id, struct saml_logout *ret);
/* AttributeStatements; a part of saml_read_assertion in a file of its own. */
RESULT saml_read_attributes(struct scope *scope, struct saml_verified assertion,
                            struct saml_assertion *assertion_facts);
