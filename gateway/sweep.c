#include "gateway/sweep.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "identity/login_throttle.h"
#include "identity/saml/saml_logout_store.h"
#include "identity/saml/saml_session.h"
#include "identity/session.h"
#include "identity/sign_in_record.h"
#include "messaging/revocation.h"

static result sweep(struct scope *scope, struct db *db, int64_t *ret_sessions) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    TRY(session_sweep(scope, db, ret_sessions));
    TRY(login_throttle_sweep(scope, db));
    TRY(saml_replay_sweep(scope, db));
    TRY(saml_logout_sweep(scope, db));
    TRY(sign_in_record_sweep(scope, db));
    return revocation_trim(scope, db, now_us - S_TO_US(REVOCATION_KEEP_S));
}

void sweep_step(struct scope *scope, struct db *db, int64_t *last_boot_us) {
    const int64_t now_us = clock_boot_us(scope->env->clock);
    if (now_us - *last_boot_us < S_TO_US(SWEEP_EVERY_S)) {
        return;
    }
    *last_boot_us = now_us;
    int64_t sessions = 0;
    const result swept = sweep(scope, db, &sessions);
    if (!is_ok(swept)) {
        log_warning(scope, "sweep.failed", LOG_CODE(swept), LOG_REASON(scope));
        return;
    }
    log_debug(scope, "sweep.done", LOG_COUNT("sessions", sessions));
}
