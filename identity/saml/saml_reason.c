#include "identity/saml/saml_reason.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct row {
    enum code code;
    const char *text;
};

#define REASON(code_, text_)                                                                       \
    { code_, "" text_ }

static const struct row TABLE[] = {
    [SAML_FINE] = {OK, ""},
    [SAML_GATE_SIZE] = REASON(INVALID, "saml.gate_size"),
    [SAML_GATE_BASE64] = REASON(INVALID, "saml.gate_base64"),
    [SAML_GATE_DTD] = REASON(INVALID, "saml.gate_dtd"),
    [SAML_GATE_XML] = REASON(INVALID, "saml.gate_xml"),
    [SAML_GATE_NODE] = REASON(INVALID, "saml.gate_node"),
    [SAML_GATE_VOLUME] = REASON(INVALID, "saml.gate_volume"),
    [SAML_GATE_ID] = REASON(INVALID, "saml.gate_id"),
    [SAML_GATE_TYPE] = REASON(INVALID, "saml.gate_type"),
    [SAML_GATE_NAMESPACE] = REASON(INVALID, "saml.gate_namespace"),
    [SAML_GATE_ELEMENT] = REASON(INVALID, "saml.gate_element"),
    [SAML_GATE_SIGNATURE] = REASON(INVALID, "saml.gate_signature"),
    [SAML_GATE_ALGORITHM] = REASON(INVALID, "saml.gate_algorithm"),
    [SAML_QUERY] = REASON(INVALID, "saml.query"),
    [SAML_INFLATE] = REASON(INVALID, "saml.inflate"),
    [SAML_BINDING] = REASON(INVALID, "saml.binding"),
    [SAML_UNSIGNED] = REASON(UNAUTHENTICATED, "saml.unsigned"),
    [SAML_SIGNATURE] = REASON(UNAUTHENTICATED, "saml.signature"),
    [SAML_CBC_UNSIGNED] = REASON(UNAUTHENTICATED, "saml.cbc_unsigned"),
    [SAML_DECRYPT] = REASON(UNAUTHENTICATED, "saml.decrypt"),
    [SAML_VERSION] = REASON(UNAUTHENTICATED, "saml.version"),
    [SAML_STATUS] = REASON(UNAUTHENTICATED, "saml.status"),
    [SAML_DESTINATION] = REASON(UNAUTHENTICATED, "saml.destination"),
    [SAML_IN_RESPONSE_TO] = REASON(UNAUTHENTICATED, "saml.in_response_to"),
    [SAML_UNSOLICITED] = REASON(UNAUTHENTICATED, "saml.unsolicited"),
    [SAML_STATE] = REASON(UNAUTHENTICATED, "saml.state"),
    [SAML_ISSUER] = REASON(UNAUTHENTICATED, "saml.issuer"),
    [SAML_ISSUE_INSTANT] = REASON(UNAUTHENTICATED, "saml.issue_instant"),
    [SAML_NAME_ID] = REASON(UNAUTHENTICATED, "saml.name_id"),
    [SAML_RECIPIENT] = REASON(UNAUTHENTICATED, "saml.recipient"),
    [SAML_CONFIRMATION] = REASON(UNAUTHENTICATED, "saml.confirmation"),
    [SAML_CONDITIONS] = REASON(UNAUTHENTICATED, "saml.conditions"),
    [SAML_NOT_YET_VALID] = REASON(UNAUTHENTICATED, "saml.not_yet_valid"),
    [SAML_EXPIRED] = REASON(UNAUTHENTICATED, "saml.expired"),
    [SAML_AUDIENCE] = REASON(UNAUTHENTICATED, "saml.audience"),
    [SAML_CONDITION] = REASON(UNAUTHENTICATED, "saml.condition"),
    [SAML_AUTHN_STATEMENT] = REASON(UNAUTHENTICATED, "saml.authn_statement"),
    [SAML_SESSION_EXPIRED] = REASON(UNAUTHENTICATED, "saml.session_expired"),
    [SAML_AUTHN_CONTEXT] = REASON(UNAUTHENTICATED, "saml.authn_context"),
    [SAML_AUTHN_STALE] = REASON(UNAUTHENTICATED, "saml.authn_stale"),
    [SAML_TIME] = REASON(UNAUTHENTICATED, "saml.time"),
    [SAML_REPLAY] = REASON(UNAUTHENTICATED, "saml.replay"),
    [SAML_LOGGED_OUT] = REASON(UNAUTHENTICATED, "saml.logged_out"),
    [SAML_METADATA_XML] = REASON(INVALID, "saml.metadata_xml"),
    [SAML_METADATA_ENTITY] = REASON(INVALID, "saml.metadata_entity"),
    [SAML_METADATA_EXPIRED] = REASON(INVALID, "saml.metadata_expired"),
    [SAML_METADATA_KEY] = REASON(INVALID, "saml.metadata_key"),
    [SAML_METADATA_URL] = REASON(INVALID, "saml.metadata_url"),
    [SAML_METADATA_SIGNATURE] = REASON(INVALID, "saml.metadata_signature"),
    [SAML_METADATA_FETCH] = REASON(UNAVAILABLE, "saml.metadata_fetch"),
    [SAML_JAIL_CRASH] = REASON(UNAVAILABLE, "saml.jail_crash"),
    [SAML_JAIL_TIMEOUT] = REASON(UNAVAILABLE, "saml.jail_timeout"),
    [SAML_JAIL_PROTOCOL] = REASON(UNAVAILABLE, "saml.jail_protocol"),
    [SAML_JAIL_BUSY] = REASON(UNAVAILABLE, "saml.jail_busy"),
    [SAML_BUILD] = REASON(INTERNAL, "saml.build"),
};

static_assert(sizeof TABLE / sizeof TABLE[0] == SAML_REASON_COUNT, "a row for each reason");

const char *saml_reason_text(enum saml_reason reason) {
    assert((size_t) reason < SAML_REASON_COUNT);
    return TABLE[reason].text;
}

enum code saml_reason_code(enum saml_reason reason) {
    assert((size_t) reason < SAML_REASON_COUNT);
    return TABLE[reason].code;
}

result saml_fail(struct scope *scope, enum saml_reason reason) {
    assert(reason != SAML_FINE);
    scope->reason = saml_reason_text(reason);
    return (result){saml_reason_code(reason)};
}

enum saml_reason saml_reason_of(const struct scope *scope) {
    for (size_t i = SAML_FINE + 1; scope->reason != NULL && i < SAML_REASON_COUNT; i++) {
        if (strcmp(scope->reason, TABLE[i].text) == 0) {
            return (enum saml_reason) i;
        }
    }
    return SAML_FINE;
}
