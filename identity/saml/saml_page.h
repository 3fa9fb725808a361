#pragma once
/* The two pages of SAML: a form that carries a message to the provider, and what a test sign-in has
 * shown. Everything that came from outside goes through the escape of the sink. */

#include "base/http_values.h"
#include "identity/saml/saml_login.h"

/* Where the browser goes: a redirect, or the page with the form, which a script sends and a button
 * for those without. Its policy lets the form go to that origin alone. */
RESULT saml_page_outgoing(struct scope *scope, const struct saml_outgoing *outgoing,
                          struct http_response *response);
/* The same with a message of logout. Pages of the site of `framed_by` (empty: none) may have it in
 * a frame: providers tell several services at once. */
RESULT saml_page_logout(struct scope *scope, const struct saml_outgoing *outgoing,
                        struct str framed_by, struct http_response *response);
/* The administrator's own values, shown once and stored nowhere; back to the connection's page. */
void saml_page_tested(struct scope *scope, struct str connection_id,
                      const struct saml_arrival *arrival, struct http_response *response);
