#pragma once
/* Provisioning tokens whose maker has left. Whoever leaves may know the secret: the tokens are
 * flagged, end after a grace, and the others in charge are told both times. All of it is jobs: the
 * deactivation itself never waits for it, and until then no such token brings its maker back
 * (actor.made_by). */

#include "base/job.h"
#include "identity/identity.h"

#define TOKEN_END_JOB    "token.end"
#define TOKEN_NOTICE_JOB "token.notice"

/* After the clean-up of somebody who has left, with that job. Runs any number of times. */
RESULT token_leaver_flag(struct scope *scope, const struct identity *identity, struct db *db,
                         const struct job *job);
/* TOKEN_END_JOB: revokes the token when its time has come. One that is gone is left alone: OK. */
RESULT token_leaver_end(struct scope *scope, const struct messaging *messaging, struct db *db,
                        const struct job *job);
/* TOKEN_NOTICE_JOB: one mail to one person. OK as well when that person cannot be written to any
 * more, or no relay is configured. */
RESULT token_leaver_notice(struct scope *scope, const struct identity *identity, struct db *db,
                           const struct job *job);
