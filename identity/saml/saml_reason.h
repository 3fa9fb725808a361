#pragma once
/* The verdicts of the SAML rules: one list, so that a child of the jail says a number, never text.
 * The texts are those of docs/errors.md. */

#include "base/result.h"

enum saml_reason {
    SAML_FINE,
    /* the strict gate (INVALID) */
    SAML_GATE_SIZE,
    SAML_GATE_BASE64,
    SAML_GATE_DTD,
    SAML_GATE_XML,
    SAML_GATE_NODE,
    SAML_GATE_VOLUME,
    SAML_GATE_ID,
    SAML_GATE_TYPE,
    SAML_GATE_NAMESPACE,
    SAML_GATE_ELEMENT,
    SAML_GATE_SIGNATURE,
    SAML_GATE_ALGORITHM,
    SAML_QUERY,   /* HTTP-Redirect: the raw query */
    SAML_INFLATE, /* HTTP-Redirect: DEFLATE, or more than SAML_MESSAGE_MAX comes out */
    SAML_BINDING,
    /* signatures and decryption (UNAUTHENTICATED) */
    SAML_UNSIGNED,
    SAML_SIGNATURE,
    SAML_CBC_UNSIGNED,
    SAML_DECRYPT, /* whatever fails once the decryption key is in use: no sub-reason anywhere */
    /* what the message says (UNAUTHENTICATED) */
    SAML_VERSION,
    SAML_STATUS,
    SAML_DESTINATION,
    SAML_IN_RESPONSE_TO,
    SAML_UNSOLICITED,
    SAML_STATE,
    SAML_ISSUER,
    SAML_ISSUE_INSTANT,
    SAML_NAME_ID,
    SAML_RECIPIENT,
    SAML_CONFIRMATION,
    SAML_CONDITIONS,
    SAML_NOT_YET_VALID,
    SAML_EXPIRED,
    SAML_AUDIENCE,
    SAML_CONDITION,
    SAML_AUTHN_STATEMENT,
    SAML_SESSION_EXPIRED,
    SAML_AUTHN_CONTEXT,
    SAML_AUTHN_STALE,
    SAML_TIME,
    SAML_REPLAY,
    SAML_LOGGED_OUT, /* the provider has ended that session since */
    /* metadata (INVALID) */
    SAML_METADATA_XML,
    SAML_METADATA_ENTITY,
    SAML_METADATA_EXPIRED,
    SAML_METADATA_KEY,
    SAML_METADATA_URL,
    SAML_METADATA_SIGNATURE,
    SAML_METADATA_FETCH, /* UNAVAILABLE */
    /* the jail (UNAVAILABLE) */
    SAML_JAIL_CRASH,
    SAML_JAIL_TIMEOUT,
    SAML_JAIL_PROTOCOL,
    SAML_JAIL_BUSY,
    SAML_BUILD, /* INTERNAL: an outgoing message could not be made */
    SAML_REASON_COUNT
};

/* FAIL with the code and the literal of the table. */
MUST_USE result saml_fail(struct scope *scope, enum saml_reason reason);
const char *saml_reason_text(enum saml_reason reason); /* "saml.gate_size" …; SAML_FINE: "" */
enum code saml_reason_code(enum saml_reason reason);
/* The reason that a failed scope carries; SAML_FINE when it is none of these. */
enum saml_reason saml_reason_of(const struct scope *scope);

#define SAML_REQUIRE(scope, condition, why)                                                        \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return saml_fail(scope, why);                                                          \
        }                                                                                          \
    } while (0)
