#include "identity/alert_store.h"

#include "base/clock.h"
#include "base/env.h"

/* The index decides who is first, here or on another node. */
static const struct statement NOTE_EXPIRY = {
    "certificate_alert.insert", TENANT,
    "INSERT INTO certificate_alert (org_id, connection_id, fingerprint, days, created_us) "
    "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id, connection_id, fingerprint, days) DO NOTHING",
    NULL};

static const struct statement *const STATEMENTS[] = {&NOTE_EXPIRY};
const struct statement_list ALERT_STATEMENTS = {STATEMENTS, sizeof STATEMENTS / sizeof *STATEMENTS};

result alert_store_note_expiry(struct scope *scope, struct tx *tx, const struct alert *alert,
                               bool *ret_is_new) {
    struct rows rows;
    TRY(tx_run(scope, tx, &NOTE_EXPIRY,
               VALUES(value_text(alert->org_id), value_text(alert->connection_id),
                      value_text(alert->fingerprint), value_number(alert->days),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    *ret_is_new = rows.changed == 1;
    return OK_RESULT;
}
