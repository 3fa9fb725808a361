#pragma once
/* One look at a provider's metadata, from its address or as given: bytes to facts. Blocks. */

#include "identity/saml/saml_provider.h"

struct saml_fetched {
    bool is_unchanged; /* 304: the rest is empty */
    struct saml_idp idp;
    struct str etag; /* empty: none, or one that we do not send back */
};

/* GET of provider->url under the outbound rules (https only, address filter, no redirects,
 * deadlines, SAML_METADATA_MAX), with provider->etag unless empty. UNAVAILABLE
 * "saml.metadata_fetch" for any status but 200 and 304; else what the HTTP client says. */
RESULT saml_fetch(struct scope *scope, const struct saml_reader *reader,
                  const struct saml_provider *provider, struct saml_fetched *ret);
/* A document: read by the jail, then what browsers will be sent to is looked at once more. */
RESULT saml_fetch_read(struct scope *scope, const struct saml_reader *reader,
                       const struct saml_provider *provider, struct str xml, struct saml_idp *ret);
/* The facts that somebody typed in, as the document that a provider would have published: one way
 * in for all. INVALID "saml.metadata_key" when there is no certificate. */
RESULT saml_fetch_compose(struct scope *scope, struct str entity_id,
                          const struct saml_source *source, struct str *ret_xml);
/* The next certificate as base64 without blanks, of a PEM text or of one that is nothing but
 * base64; empty when there is none. */
struct str saml_fetch_next_certificate(struct scope *scope, struct str *pem);
