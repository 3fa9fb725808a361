#pragma once
/* A mailed link with which somebody sets their first password. One at a time for each person, good
 * for one use and seven days; only its hash is kept, and it ends with the epoch it was made under.
 */

#include "base/job.h"
#include "identity/identity.h"

#define INVITATION_JOB "invitation.mail"

struct user;

/* In the transaction that makes the person: the link itself is made when the mail is sent, so that
 * no queue holds it. */
RESULT invitation_enqueue(struct scope *scope, struct tx *tx, const struct user *user);
/* The job's function. Each try makes a new link; only the last one works. Who is not active any
 * more, or whose epoch has changed, gets none: OK. UNAVAILABLE "mail.none" without a relay. */
RESULT invitation_mail_run(struct scope *scope, const struct identity *identity, struct db *db,
                           const struct job *job);

struct invitation_answer {
    struct str token;
    struct secret password;
    struct str request_id;
};
/* Hashes: the CPU lane. UNAUTHENTICATED "invitation.refused" for whatever is wrong with the link;
 * INVALID "password.length" leaves it as it is. */
RESULT invitation_accept(struct scope *scope, struct db *db, const struct invitation_answer *answer,
                         struct str *ret_org_id);
