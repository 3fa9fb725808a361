#pragma once
/* The record of a refused SAML sign-in or logout: the check and both of its sides, how the message
 * was protected, how far the clocks are apart. Names and values as length and keyed hash; no XML.
 */

#include "identity/connection.h"
#include "identity/saml/saml_check.h"

struct saml_refusal {
    const struct saml_response *response; /* empty where nothing was verified */
    const struct saml_idp *idp;
    const struct saml_finding *finding;
    bool is_test;
    const char *refused; /* why the person was; NULL: the message was */
};

struct saml_logout_refusal {
    const struct saml_logout *logout; /* empty where nothing was verified */
    const struct saml_idp *idp;
    const struct saml_finding *finding;
};

struct call;
void saml_record_refusal(struct scope *scope, struct call *call,
                         const struct connection *connection, const struct saml_refusal *refusal);
void saml_record_logout_refusal(struct scope *scope, struct call *call,
                                const struct connection *connection,
                                const struct saml_logout_refusal *refusal);
