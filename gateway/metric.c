#include "gateway/metric.h"

#include "gateway/metric_saml.h"

#include "base/clock.h"

static const char *const PHASES[] = {"commit", "spread", "answer"};

static const char *const OWNERS[] = {"provider", "own"};

static const char *const JAIL_ROLES[] = {"verify", "build"};
static const char *const JAIL_CAUSES[] = {"verify,crash", "verify,timeout", "verify,protocol",
                                          "build,crash",  "build,timeout",  "build,protocol"};

static const int64_t BOUNDS_US[] = {250,   500,    1000,   2500,   5000,    10000,   25000,
                                    50000, 100000, 250000, 500000, 1000000, 2000000, 4000000};

const struct metric_definition METRICS[METRIC_COUNT] = {
    [METRIC_REVOCATION] =
        {"gatehouse_revocation_seconds",
         "Time of a revocation: commit = handling until the commit is confirmed, spread = from "
         "there until every instance has acknowledged, answer = from the request to the answer.",
         METRIC_HISTOGRAM, "phase", PHASES, 3, BOUNDS_US, sizeof BOUNDS_US / sizeof BOUNDS_US[0]},
    [METRIC_REVOCATION_LOST] =
        {"gatehouse_revocation_lost_total",
         "Times that the database was found behind what it had confirmed before: a failover lost "
         "commits.",
         METRIC_COUNTER, NULL, NULL, 0, NULL, 0},
    [METRIC_REVOCATION_REAPPLIED] =
        {"gatehouse_revocation_reapplied_total",
         "Revocations that the database had lost and that this node has said again.",
         METRIC_COUNTER, NULL, NULL, 0, NULL, 0},
    [METRIC_REVOCATION_LATE] =
        {"gatehouse_revocation_late_total",
         "Answers that waited for the whole bound because an instance did not acknowledge.",
         METRIC_COUNTER, NULL, NULL, 0, NULL, 0},
    [METRIC_FENCES] =
        {"gatehouse_fences_total",
         "Times that a shard lost its lease: caches dropped, sockets closed with 1013.",
         METRIC_COUNTER, NULL, NULL, 0, NULL, 0},
    [METRIC_QUEUE_DEPTH] = {"gatehouse_queue_depth", "Requests that wait for a database worker.",
                            METRIC_GAUGE, NULL, NULL, 0, NULL, 0},
    [METRIC_QUEUE_DEPTH_REVOCATION] = {"gatehouse_queue_depth_revocation",
                                       "Requests that wait in the lane of revocations.",
                                       METRIC_GAUGE, NULL, NULL, 0, NULL, 0},
    [METRIC_CERTIFICATE_EXPIRY] =
        {"gatehouse_certificate_expiry_seconds",
         "Seconds until the first SAML connection has nothing but expired certificates: owner = "
         "provider (theirs) or own. Ten years when "
         "there is none.",
         METRIC_GAUGE, "owner", OWNERS, 2, NULL, 0},
    [METRIC_SAML_MESSAGES] = {"gatehouse_saml_messages_total",
                              "Messages of SAML providers by how they ended; reasons are those of "
                              "docs/errors.md.",
                              METRIC_COUNTER, "kind,reason", SAML_MESSAGE_LABELS,
                              SAML_MESSAGE_LABELS_COUNT, NULL, 0},
    [METRIC_JAIL_DEATHS] =
        {"gatehouse_saml_jail_deaths_total",
         "Closed-in processes that died of a message, took too long or answered what they must "
         "not.",
         METRIC_COUNTER, "role,cause", JAIL_CAUSES, 6, NULL, 0},
    [METRIC_JAIL_CHILDREN] = {"gatehouse_saml_jail_children",
                              "Closed-in processes that are ready or at work.", METRIC_GAUGE,
                              "role", JAIL_ROLES, 2, NULL, 0},
    [METRIC_JAIL_BUSY] = {"gatehouse_saml_jail_busy", "Closed-in processes at work.", METRIC_GAUGE,
                          "role", JAIL_ROLES, 2, NULL, 0},
    [METRIC_JAIL_WAITING] = {"gatehouse_saml_jail_waiting",
                             "Messages that wait for a closed-in process.", METRIC_GAUGE, "role",
                             JAIL_ROLES, 2, NULL, 0},
};
