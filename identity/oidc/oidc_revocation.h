#pragma once
/* When a session ends, its refresh token is of no use to us any more, but whoever stole it could
 * still use it: it is revoked at the provider (RFC 7009) by a job, as far as that goes. The token
 * moves, sealed as it was, in the transaction that ends the session. */

#include "base/job.h"
#include "identity/identity.h"

#define OIDC_REVOKE_JOB "oidc.revoke"

/* Tokens that wait become jobs; those that could not be revoked within a day are forgotten. */
RESULT oidc_revocation_schedule(struct scope *scope, struct db *db);
/* The job's function. UNAVAILABLE: to be tried again. */
RESULT oidc_revocation_run(struct scope *scope, const struct identity *identity, struct db *db,
                           const struct job *job);
