#pragma once
/* Who counts SAML messages: the gateway's metrics. */

#include "identity/saml/saml_reason.h"

enum saml_message_kind {
    SAML_MESSAGE_RESPONSE,
    SAML_MESSAGE_LOGOUT_REQUEST,
    SAML_MESSAGE_LOGOUT_RESPONSE,
    SAML_MESSAGE_KINDS
};

struct saml_meter {
    /* SAML_FINE: accepted; SAML_REASON_COUNT: refused by no rule of SAML (the person is not let in,
     * the database is away). Any thread. */
    void (*count)(void *context, enum saml_message_kind kind, enum saml_reason reason);
    void *context;
};

/* `meter` may be NULL; the reason is the scope's. */
static inline void saml_meter_count(const struct saml_meter *meter, const struct scope *scope,
                                    enum saml_message_kind kind, result ended) {
    if (meter == NULL) {
        return;
    }
    const enum saml_reason reason = is_ok(ended) ? SAML_FINE : saml_reason_of(scope);
    const bool is_other = !is_ok(ended) && reason == SAML_FINE;
    meter->count(meter->context, kind, is_other ? SAML_REASON_COUNT : reason);
}
