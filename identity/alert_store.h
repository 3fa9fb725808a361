#pragma once
/* SQL of alerts: which ones have been raised. */

#include "identity/alert.h"

extern const struct statement_list ALERT_STATEMENTS;

/* *ret_is_new false: administrators have heard of this certificate and threshold. */
RESULT alert_store_note_expiry(struct scope *scope, struct tx *tx, const struct alert *alert,
                               bool *ret_is_new);
