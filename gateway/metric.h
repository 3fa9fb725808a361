#pragma once
/* What the process counts about itself: the places in METRICS. */

#include "base/metrics.h"

enum metric {
    METRIC_REVOCATION, /* by enum revocation_phase */
    METRIC_REVOCATION_LOST,
    METRIC_REVOCATION_REAPPLIED,
    METRIC_REVOCATION_LATE,
    METRIC_FENCES,
    METRIC_QUEUE_DEPTH,
    METRIC_QUEUE_DEPTH_REVOCATION,
    METRIC_CERTIFICATE_EXPIRY, /* by owner: provider, own */
    METRIC_SAML_MESSAGES,      /* by saml_message_label */
    METRIC_JAIL_DEATHS,        /* by role * JAIL_DEATHS + enum jail_death */
    METRIC_JAIL_CHILDREN,      /* by enum saml_role */
    METRIC_JAIL_BUSY,
    METRIC_JAIL_WAITING,
    METRIC_COUNT
};

enum jail_death { JAIL_DEATH_CRASH, JAIL_DEATH_TIMEOUT, JAIL_DEATH_PROTOCOL, JAIL_DEATHS };
enum revocation_phase { REVOCATION_COMMIT, REVOCATION_SPREAD, REVOCATION_ANSWER };

extern const struct metric_definition METRICS[METRIC_COUNT];
