#pragma once
/* XML signatures and those of HTTP-Redirect, with the certificates of one connection and nothing
 * else: what a message says about keys is not looked at. */

#include "identity/saml/saml_algorithm.h"
#include "identity/saml/saml_gate.h"

struct saml_verifier;

/* Starts xmlsec for this process and takes from it what is not on our list. INTERNAL
 * "saml.self_test". */
RESULT saml_signature_start(struct scope *scope);
struct saml_verifier *saml_verifier_new(void);
void saml_verifier_free(struct saml_verifier **verifier);

/* The Signature of a gated element; the element is what may be read then. saml.signature. Fills
 * what is still empty of *protection. */
RESULT saml_signature_verify(struct scope *scope, struct saml_verifier *verifier,
                             const struct saml_trust *trust, xmlNode *element,
                             struct saml_protection *protection);
/* A bare signature over bytes. saml.signature. */
struct saml_signed_bytes {
    enum signature_kind kind;
    struct str algorithm; /* its name */
    struct str bytes, signature;
};
RESULT saml_signature_verify_bytes(struct scope *scope, struct saml_verifier *verifier,
                                   const struct saml_trust *trust,
                                   const struct saml_signed_bytes *given,
                                   struct saml_protection *protection);
