#pragma once
/* What the doctor says about the provider of a SAML connection, from what is stored: nothing is
 * fetched, because the doctor runs without the jail. */

#include "identity/connection.h"

enum { DOCTOR_FINDINGS_MAX = 64 };

struct doctor_finding {
    bool is_good;
    struct str what;
    const char *advice;
};

struct doctor_findings {
    size_t count;
    struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
};

/* Metadata that runs out or cannot be fetched, changes that wait, certificates (theirs and ours)
 * that expire within 30 days or have expired; one good finding when there is nothing. `org`: how
 * the organisation is called. */
RESULT doctor_saml(struct scope *scope, struct db *db, const struct connection *connection,
                   struct str org, struct doctor_findings *ret);
/* The same of an OpenID connection: the stored outcome of the hourly check. */
RESULT doctor_oidc(struct scope *scope, struct db *db, const struct connection *connection,
                   struct str org, struct doctor_findings *ret);
