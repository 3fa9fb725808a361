#pragma once
/* Keeps the facts of providers fresh: when it is time, by a job; or now, because an administrator
 * asks. Never inside a sign-in. What is wrong with a provider is noted in its row and is no failure
 * of the refresh. */

#include "base/job.h"
#include "identity/saml/saml_provider.h"

#define SAML_REFRESH_JOB "saml.refresh"

/* A few providers whose time has come become jobs. Any node may call it, as often as it likes; few
 * at a time, so that providers that are away hold up no other jobs. */
RESULT saml_refresh_schedule(struct scope *scope, struct db *db);
/* The job's function. A provider that is gone meanwhile: OK. */
RESULT saml_refresh_run(struct scope *scope, const struct saml_reader *reader, struct db *db,
                        const struct job *job);
/* An administrator's: CONFLICT "saml.provider_not_fetched" for one that was uploaded or typed in.
 * Gives the row as it is afterwards. */
RESULT saml_refresh_now(struct scope *scope, const struct saml_reader *reader,
                        const struct connection_change *change, struct db *db,
                        struct saml_provider *provider);
/* The pending facts count from now on. CONFLICT "saml.provider_nothing" when nothing waits,
 * "saml.provider_changed" when `hash` names another difference than the one that waits; INVALID
 * "saml.metadata_expired". */
RESULT saml_refresh_accept(struct scope *scope, const struct connection_change *change,
                           struct db *db, struct str hash, struct saml_provider *provider);
