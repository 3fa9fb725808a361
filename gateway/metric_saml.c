#include "gateway/metric_saml.h"

#include <assert.h>

/* In the order of enum saml_reason; the last one is what no SAML rule refused. */
#define ENDS_OF(kind)                                                                              \
    kind ",accepted", kind ",saml.gate_size", kind ",saml.gate_base64", kind ",saml.gate_dtd",     \
        kind ",saml.gate_xml", kind ",saml.gate_node", kind ",saml.gate_volume",                   \
        kind ",saml.gate_id", kind ",saml.gate_type", kind ",saml.gate_namespace",                 \
        kind ",saml.gate_element", kind ",saml.gate_signature", kind ",saml.gate_algorithm",       \
        kind ",saml.query", kind ",saml.inflate", kind ",saml.binding", kind ",saml.unsigned",     \
        kind ",saml.signature", kind ",saml.cbc_unsigned", kind ",saml.decrypt",                   \
        kind ",saml.version", kind ",saml.status", kind ",saml.destination",                       \
        kind ",saml.in_response_to", kind ",saml.unsolicited", kind ",saml.state",                 \
        kind ",saml.issuer", kind ",saml.issue_instant", kind ",saml.name_id",                     \
        kind ",saml.recipient", kind ",saml.confirmation", kind ",saml.conditions",                \
        kind ",saml.not_yet_valid", kind ",saml.expired", kind ",saml.audience",                   \
        kind ",saml.condition", kind ",saml.authn_statement", kind ",saml.session_expired",        \
        kind ",saml.authn_context", kind ",saml.authn_stale", kind ",saml.time",                   \
        kind ",saml.replay", kind ",saml.logged_out", kind ",saml.metadata_xml",                   \
        kind ",saml.metadata_entity", kind ",saml.metadata_expired", kind ",saml.metadata_key",    \
        kind ",saml.metadata_url", kind ",saml.metadata_signature", kind ",saml.metadata_fetch",   \
        kind ",saml.jail_crash", kind ",saml.jail_timeout", kind ",saml.jail_protocol",            \
        kind ",saml.jail_busy", kind ",saml.build", kind ",other"

const char *const SAML_MESSAGE_LABELS[] = {ENDS_OF("response"), ENDS_OF("logout_request"),
                                           ENDS_OF("logout_response")};
static_assert(sizeof SAML_MESSAGE_LABELS / sizeof *SAML_MESSAGE_LABELS == SAML_MESSAGE_LABELS_COUNT,
              "a label for each end of each kind");

size_t saml_message_label(enum saml_message_kind kind, enum saml_reason reason) {
    return (size_t) kind * (SAML_REASON_COUNT + 1) + (size_t) reason;
}
