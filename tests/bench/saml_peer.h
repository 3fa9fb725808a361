#pragma once
/* The yardstick of saml.md: the same gate, then lasso's own inbound path (which the product never
 * calls), then the same checks. Its server object is made once, and without a CA bundle to read. */

#include "identity/saml/saml_check.h"
#include "identity/saml/saml_jail.h"
#include "tests/support/forge.h"

struct saml_peer;

/* NULL with a word on standard error. */
struct saml_peer *saml_peer_new(struct scope *scope, const struct forge *forge);
void saml_peer_free(struct saml_peer **peer);
/* `form_text` is form_value for lasso, with a NUL behind it. `plain`: the assertion that lasso
 * decrypts out of it, which passes the gate as it does in the product; empty: nothing is encrypted.
 */
bool saml_peer_accepts(struct scope *scope, struct saml_peer *peer, struct str form_value,
                       const char *form_text, struct str plain, const struct saml_want *want);
