#pragma once
/* HTTP-Redirect with DEFLATE (SAML bindings 3.4): the query as it came, because the signature is
 * over its raw parts. */

#include "identity/saml/saml_signature.h"

struct saml_query {
    bool is_request;
    struct str message;     /* raw: percent escapes and all */
    struct str relay_state; /* decoded; empty when absent */
    struct saml_signed_bytes given;
};

/* Pure. saml.query: a name missing, repeated or in disguise, a broken value; saml.unsigned: neither
 * SigAlg nor Signature; saml.gate_algorithm, saml.gate_size. */
RESULT saml_redirect_parse(struct scope *scope, struct str query, bool is_sha1_allowed,
                           struct saml_query *ret);
/* The same raw value that was signed. saml.query, saml.gate_base64, _size, saml.inflate. */
RESULT saml_redirect_inflate(struct scope *scope, struct str message, struct str *ret);
