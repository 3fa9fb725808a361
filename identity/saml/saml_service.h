#pragma once
/* Our side of a SAML connection: its addresses, and its metadata as it is published and as lasso
 * gets it, the same text. */

#include "identity/saml/saml_key.h"
#include "identity/saml/saml_metadata_write.h"

struct str saml_acs_url(struct scope *scope, struct str public_url, struct str connection_id);
struct str saml_slo_url(struct scope *scope, struct str public_url, struct str connection_id);
struct str saml_metadata_url(struct scope *scope, struct str public_url, struct str connection_id);
/* Our name: the address of our metadata, unless the connection brought another one along. */
struct str saml_sp_entity_id(struct scope *scope, struct str public_url,
                             const struct connection *connection);

/* INTERNAL "saml.no_key" without an active signing key. */
RESULT saml_service_metadata(struct scope *scope, struct str public_url,
                             const struct connection *connection, const struct saml_own_keys *keys,
                             struct str *ret);
