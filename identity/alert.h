#pragma once
/* What the administrators of an organisation must hear about a connection: as an event for those
 * who are there, and as plain-text mail, one job for each of them, in the transaction of the cause.
 */

#include "base/job.h"
#include "messaging/call.h"

#define ALERT_JOB "alert.mail"

enum alert_kind {
    ALERT_CERTIFICATE,       /* expires soon */
    ALERT_PROVIDER_NEW_KEYS, /* the metadata brought new ones, which count: an event, no mail */
    ALERT_PROVIDER_WAITS,    /* other name or endpoints: somebody has to look */
    ALERT_PROVIDER_KEYS,     /* the metadata has no usable key any more: not applied */
    ALERT_KIND_COUNT
};

struct alert {
    enum alert_kind kind;
    struct str org_id, connection_id;
    /* ALERT_CERTIFICATE */
    bool is_own; /* ours, else the provider's */
    int64_t days, not_after_us;
    struct str fingerprint;
};

const char *alert_kind_name(enum alert_kind kind);
/* 30, 7 or 1: the threshold that a certificate with so much time left has passed; 0: none yet, or
 * it has expired already, which nobody needs to hear every day. */
int64_t alert_threshold_days(int64_t left_us);

/* Last in its transaction. */
RESULT alert_raise(struct scope *scope, struct tx *tx, const struct alert *alert);
/* Once for each certificate and threshold, in a transaction of its own. */
RESULT alert_raise_expiry(struct scope *scope, struct db *db, const struct alert *alert);
/* The job's function. Who is no administrator any more, or has no address, gets nothing: OK. */
RESULT alert_mail_run(struct scope *scope, const struct messaging *messaging, struct db *db,
                      const struct job *job);
