#pragma once
/* What we send to a provider, as the provider sees it: decoded, asked by XPath, and its signature
 * verified without any library that made it (libxml2's canonical form and OpenSSL's RSA). */

#include <libxml/tree.h>

#include "identity/saml/saml_jail.h"
#include "tests/support/fixture.h"

struct saml_message {
    struct scope *scope;
    struct str xml;
    xmlDoc *doc;
};

/* Fails the test when the message cannot be decoded. */
struct saml_message saml_message_open(struct scope *scope, const struct saml_outgoing *outgoing);
struct saml_message saml_message_parse(struct scope *scope, struct str xml);
void saml_message_close(struct saml_message *message); /* AUTO */
/* The string value of an XPath expression; prefixes samlp, saml, md, ds. */
struct str saml_message_ask(const struct saml_message *message, const char *xpath);
/* RSA with SHA-256 and nothing else, over all of the message. */
bool saml_message_is_signed(struct scope *scope, const struct saml_outgoing *outgoing,
                            struct str certificate_der);
/* One parameter of a URL, decoded; fails the test when it is not there exactly once. */
struct str saml_message_parameter(struct scope *scope, struct str url, const char *name);
