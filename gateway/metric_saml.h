#pragma once
/* How SAML messages ended, by kind and reason: one series for each, all of them literals. */

#include <stddef.h>

#include "identity/saml/saml_meter.h"

/* "response,saml.audience" …: the place of kind and reason in it is saml_message_label. */
extern const char *const SAML_MESSAGE_LABELS[];
enum { SAML_MESSAGE_LABELS_COUNT = SAML_MESSAGE_KINDS * (SAML_REASON_COUNT + 1) };
size_t saml_message_label(enum saml_message_kind kind, enum saml_reason reason);
