#include "gateway/jobs.h"

#include <poll.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/app.h"
#include "gateway/sweep.h"
#include "gateway/watch.h"
#include "identity/alert.h"
#include "identity/invitation.h"
#include "identity/oidc/oidc_health.h"
#include "identity/oidc/oidc_revocation.h"
#include "identity/saml/saml_refresh.h"
#include "identity/token_leaver.h"
#include "messaging/user_cleanup.h"

enum { IDLE_MS = 500, LEASE_SECONDS = 60 };

static result run_user_cleanup(struct scope *scope, struct app *app, struct db *db,
                               const struct job *job) {
    TRY(user_cleanup_run(scope, &app->messaging, db, job));
    return token_leaver_flag(scope, &app->identity, db, job);
}

static result run_token_end(struct scope *scope, struct app *app, struct db *db,
                            const struct job *job) {
    return token_leaver_end(scope, &app->messaging, db, job);
}

static result run_token_notice(struct scope *scope, struct app *app, struct db *db,
                               const struct job *job) {
    return token_leaver_notice(scope, &app->identity, db, job);
}

static result run_alert(struct scope *scope, struct app *app, struct db *db,
                        const struct job *job) {
    return alert_mail_run(scope, &app->messaging, db, job);
}

static result run_saml_refresh(struct scope *scope, struct app *app, struct db *db,
                               const struct job *job) {
    return saml_refresh_run(scope, app->identity.saml_reader, db, job);
}

static result run_oidc_health(struct scope *scope, struct app *app, struct db *db,
                              const struct job *job) {
    return oidc_health_run(scope, app->identity.oidc, db, job);
}

static result run_oidc_revoke(struct scope *scope, struct app *app, struct db *db,
                              const struct job *job) {
    return oidc_revocation_run(scope, &app->identity, db, job);
}

static result run_invitation(struct scope *scope, struct app *app, struct db *db,
                             const struct job *job) {
    return invitation_mail_run(scope, &app->identity, db, job);
}

static const struct {
    struct str kind;
    result (*run)(struct scope *scope, struct app *app, struct db *db, const struct job *job);
} KINDS[] = {
    {STR_INIT(USER_CLEANUP_JOB), run_user_cleanup}, {STR_INIT(ALERT_JOB), run_alert},
    {STR_INIT(SAML_REFRESH_JOB), run_saml_refresh}, {STR_INIT(OIDC_HEALTH_JOB), run_oidc_health},
    {STR_INIT(OIDC_REVOKE_JOB), run_oidc_revoke},   {STR_INIT(TOKEN_END_JOB), run_token_end},
    {STR_INIT(TOKEN_NOTICE_JOB), run_token_notice}, {STR_INIT(INVITATION_JOB), run_invitation},
};

static result run_job(struct scope *scope, struct app *app, struct db *db, const struct job *job) {
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (str_eq(KINDS[i].kind, job->kind)) {
            return KINDS[i].run(scope, app, db, job);
        }
    }
    return FAIL(scope, INTERNAL, "job.kind"); /* of a newer version: stays for it */
}

bool jobs_step(struct scope *scope, struct app *app, struct db *db, struct str owner) {
    struct job job;
    if (!is_ok(job_claim(scope, db, owner, S_TO_US(LEASE_SECONDS), &job))) {
        return false;
    }
    const result done = run_job(scope, app, db, &job);
    if (is_ok(done)) {
        return is_ok(job_finish(scope, db, &job, owner));
    }
    log_warning(scope, "job.failed", LOG_ID("job", job.id), LOG_ORG(job.org_id), LOG_CODE(done),
                LOG_REASON(scope), LOG_COUNT("attempts", job.attempts));
    return is_ok(job_retry(scope, db, &job, owner, scope->reason));
}

/* A commit would do it otherwise, and a revocation could wait for that. */
static void tend(struct scope *scope, struct db *db) {
    const result tended = db_tend(scope, db);
    if (!is_ok(tended)) {
        log_warning(scope, "database.tend", LOG_CODE(tended), LOG_REASON(scope));
    }
}

void jobs_run(struct app *app, const atomic_bool *stop) {
    AUTO(arena_end) struct arena *kept = arena_new();
    struct scope start = {kept, &app->env, NULL};
    const struct str owner = uuid_v7(&start);
    struct db *db = NULL;
    int64_t swept_boot_us = clock_boot_us(app->env.clock);
    struct watch watch = {.has_started = false};
    AUTO(arena_end) struct arena *arena = arena_new();
    while (!atomic_load(stop)) {
        struct scope scope = {arena, &app->env, NULL};
        const bool has_db = db != NULL || is_ok(db_open(&scope, app->store, &db));
        if (!has_db || !jobs_step(&scope, app, db, owner)) {
            (void) poll(NULL, 0, IDLE_MS);
        }
        if (db != NULL) {
            sweep_step(&scope, db, &swept_boot_us);
            watch_step(&scope, db, app->metrics, &watch);
            tend(&scope, db);
        }
        arena_reset(arena);
    }
    db_close(&db);
}
