#pragma once
/* What a verified logout message has to say to be followed: SAML 2.0 core 3.7 and profiles 4.4 with
 * bindings 3.4.5.2 and 3.5.5.2, one reason per rule. Pure: facts, expectations and a time in. */

#include "identity/saml/saml.h"
#include "identity/saml/saml_check.h"

/* Expectations come from the connection, never from the message. */
struct saml_logout_want {
    struct str slo_url, idp_entity_id;
    int64_t now_us, skew_us;
};

/* First failure ends; the order is that of the rules. Fills `ret` only then. Whether the message
 * was here before, or answers a request of ours, is the store's to say. */
RESULT saml_logout_check(struct scope *scope, const struct saml_logout *logout,
                         const struct saml_logout_want *want, struct saml_finding *ret);

/* Until when a copy of the message could pass: how long it has to be remembered. */
int64_t saml_logout_until_us(const struct saml_logout *logout, int64_t skew_us);
/* Until when an assertion could come that was made before this request, to which it applies as
 * well (core 3.7.3.2). */
int64_t saml_logout_late_us(const struct saml_logout *logout, int64_t skew_us);

/* How it went at the provider, as it says. */
enum saml_logout_outcome {
    SAML_LOGOUT_DONE,
    SAML_LOGOUT_PARTIAL,
    SAML_LOGOUT_FAILED,
    SAML_LOGOUT_OUTCOME_COUNT
};
enum saml_logout_outcome saml_logout_outcome_of(const struct saml_logout *answer);
