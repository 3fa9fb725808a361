#pragma once
/* What a message of a connection is made and verified with: the provider's facts, our keys and our
 * addresses, put together for one call of the jail. Never out of the message. */

#include "identity/identity.h"
#include "identity/saml/saml_jail.h"
#include "identity/saml/saml_key.h"

struct saml_door {
    struct saml_idp idp;
    int64_t idp_version;
    struct saml_own_keys keys;
    struct saml_party party; /* for what we send */
    struct str acs_url, sp_entity_id;
};

/* UNAVAILABLE "saml.jail_busy" where SAML is not served; reasons of saml_provider_facts, keys. */
RESULT saml_door_open(struct scope *scope, const struct call *call,
                      const struct connection *connection, struct saml_door *ret);
/* Verifies what was posted to the ACS. Facts only. */
RESULT saml_door_read(struct scope *scope, const struct call *call,
                      const struct connection *connection, const struct saml_door *door,
                      struct str form_value, struct saml_response *ret);
/* What a message is verified with; `certificates` is room for SAML_CERTIFICATES_MAX. */
struct saml_trust saml_door_trust(const struct connection *connection, const struct saml_door *door,
                                  struct str *certificates);
/* For saml_key_source.open: `context` is a struct saml_door_keys. */
struct saml_door_keys {
    const struct identity *identity;
    const struct saml_own_keys *keys;
};
RESULT saml_door_open_keys(struct scope *scope, void *context, struct secret ret_keys[2],
                           size_t *ret_count);
/* "_" and 40 hex digits: no digit in front, which some providers refuse. */
struct str saml_message_id(struct scope *scope);
