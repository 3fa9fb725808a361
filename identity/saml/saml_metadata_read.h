#pragma once
/* One identity provider out of a metadata document (SAML 2.0 metadata). Runs in a verify child:
 * pure, nothing is fetched. */

#include "identity/saml/saml_verify.h"

/* INVALID, one of saml.metadata_xml, _entity, _expired, _key, _url, _signature. The texts of *ret
 * live in the scope's arena. */
RESULT saml_metadata_read(struct scope *scope, struct saml_verifier *verifier,
                          const struct saml_metadata_input *input, struct saml_idp *ret);
