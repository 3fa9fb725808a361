#include "gateway/watch.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "gateway/metric.h"
#include "identity/certificate_watch.h"
#include "identity/oidc/oidc_health.h"
#include "identity/oidc/oidc_revocation.h"
#include "identity/saml/saml_refresh.h"

enum certificate_owner { OWNER_PROVIDER, OWNER_OWN };

/* Nothing can expire: ten years, so that an alarm on little time left stays silent. */
enum { NOTHING_S = 315360000 };

static void watch_certificates(struct scope *scope, struct db *db, struct metrics *metrics) {
    struct certificate_outlook outlook = {.has_provider = false};
    const result looked = certificate_watch(scope, db, &outlook);
    if (!is_ok(looked)) {
        log_warning(scope, "certificates.failed", LOG_CODE(looked), LOG_REASON(scope));
    }
    metric_set_labelled(metrics, METRIC_CERTIFICATE_EXPIRY, OWNER_PROVIDER,
                        outlook.has_provider ? outlook.provider_left_us / US_PER_S : NOTHING_S);
    metric_set_labelled(metrics, METRIC_CERTIFICATE_EXPIRY, OWNER_OWN,
                        outlook.has_own ? outlook.own_left_us / US_PER_S : NOTHING_S);
}

static void schedule(struct scope *scope, struct db *db) {
    static result (*const SCHEDULES[])(struct scope *, struct db *) = {
        saml_refresh_schedule, oidc_health_schedule, oidc_revocation_schedule};
    for (size_t i = 0; i < sizeof SCHEDULES / sizeof *SCHEDULES; i++) {
        const result scheduled = SCHEDULES[i](scope, db);
        if (!is_ok(scheduled)) {
            log_warning(scope, "providers.failed", LOG_CODE(scheduled), LOG_REASON(scope));
        }
    }
}

void watch_step(struct scope *scope, struct db *db, struct metrics *metrics, struct watch *watch) {
    const int64_t now_us = clock_boot_us(scope->env->clock);
    if (!watch->has_started || now_us - watch->scheduled_us >= S_TO_US(SCHEDULE_EVERY_S)) {
        watch->scheduled_us = now_us;
        schedule(scope, db);
    }
    if (!watch->has_started || now_us - watch->certificates_us >= S_TO_US(CERTIFICATES_EVERY_S)) {
        watch->certificates_us = now_us;
        watch_certificates(scope, db, metrics);
    }
    watch->has_started = true;
}
