#pragma once
/* What a verified Response has to say to be believed: SAML 2.0 profiles 4.1.4.2 and 4.1.4.3 with
 * the corrections of the errata, one reason per rule. Pure: facts, expectations and a time in. */

#include "identity/saml/saml.h"
#include "identity/saml/saml_reason.h"

/* Expectations come from the connection and the attempt, never from the message. */
struct saml_want {
    struct str acs_url, idp_entity_id, sp_entity_id;
    struct str request_id; /* of the attempt; empty: an answer to nothing, only to be converted */
    int64_t now_us, skew_us;
    bool has_subject_attribute; /* the NameID is not the key: it may change each time */
    size_t class_ref_count;     /* asked for; 0: any */
    const struct str *class_refs;
    int64_t authn_after_us; /* ForceAuthn: when the attempt began; 0: not asked */
};

/* For the record that administrators see: the two sides of what did not fit. Empty where it would
 * show a name or a value of somebody. */
struct saml_finding {
    struct str want, got;
};

/* First failure ends; the order is that of the rules. Fills `ret` only then. Whether the message
 * was here before is the store's to say (saml.replay). */
RESULT saml_check(struct scope *scope, const struct saml_response *response,
                  const struct saml_want *want, struct saml_finding *ret);

/* Neither the Response nor a confirmation answers a request. */
bool saml_is_unsolicited(const struct saml_response *response);
/* Usable as the key of an account: exact bytes without outer blanks or controls. */
bool saml_is_name(struct str text);
/* Until when a copy of the message could pass: how long it has to be remembered. */
int64_t saml_check_until_us(const struct saml_response *response, int64_t skew_us);
