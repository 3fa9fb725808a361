#pragma once
/* How an OpenID provider is doing: its metadata and keys are fetched every hour by a job, which
 * also refreshes what this process serves sign-ins from, and what came of it is kept for
 * administrators and the operator. Sign-in does not depend on it: each process fetches what it
 * needs itself. */

#include "base/job.h"
#include "identity/connection.h"

struct oidc;

#define OIDC_HEALTH_JOB "oidc.health"

struct oidc_health {
    struct str org_id, connection_id;
    int64_t checked_us, good_us; /* 0: never */
    int64_t next_us, failures;   /* in a row */
    struct str failure;          /* reason of the last one; empty: the last check was good */
    int64_t keys;                /* that can be used, at the last good check */
};

/* In the transaction that makes the connection, for which its provider has just been asked: the
 * first check is due in an hour. */
RESULT oidc_health_begin(struct scope *scope, struct tx *tx, struct str org_id,
                         struct str connection_id);
/* NOT_FOUND "oidc.no_health". */
RESULT oidc_health_find(struct scope *scope, struct db *db, struct str org_id,
                        struct str connection_id, struct oidc_health *ret);
/* A few connections whose time has come become jobs; any node may call it. */
RESULT oidc_health_schedule(struct scope *scope, struct db *db);
/* The job's function. A connection that is gone meanwhile: OK. */
RESULT oidc_health_run(struct scope *scope, struct oidc *oidc, struct db *db,
                       const struct job *job);
/* Asks the provider now; what is wrong with it is in *ret and no failure. */
RESULT oidc_health_check(struct scope *scope, struct oidc *oidc, struct db *db,
                         const struct connection *connection, struct oidc_health *ret);
