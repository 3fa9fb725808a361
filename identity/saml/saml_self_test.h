#pragma once
/* Known answers for each algorithm: a library that cannot verify them, or that takes a damaged one,
 * verifies nothing for us. */

#include "identity/saml/saml_signature.h"

/* INTERNAL "saml.self_test". */
RESULT saml_self_test(struct scope *scope, struct saml_verifier *verifier);
