#include "identity/certificate_watch.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "identity/alert.h"
#include "identity/saml/saml_facts.h"
#include "identity/saml/saml_key.h"
#include "identity/saml/saml_provider_store.h"

enum { PAGE = 32 };

struct watch {
    struct db *db;
    int64_t now_us;
    struct certificate_outlook outlook;
    result failed;
    const char *reason;
};

static void keep_nearest(bool *has, int64_t *nearest_us, int64_t left_us) {
    *nearest_us = !*has || left_us < *nearest_us ? left_us : *nearest_us;
    *has = true;
}

static void look_at(struct scope *scope, struct watch *watch, struct alert *alert,
                    struct str fingerprint, int64_t not_after_us) {
    alert->days = alert_threshold_days(not_after_us - watch->now_us);
    alert->not_after_us = not_after_us;
    alert->fingerprint = fingerprint;
    if (alert->days == 0) {
        return;
    }
    const result raised = alert_raise_expiry(scope, watch->db, alert);
    if (!is_ok(raised) && is_ok(watch->failed)) {
        watch->failed = raised;
        watch->reason = scope->reason;
    }
}

static void look_at_provider(struct scope *scope, struct watch *watch,
                             const struct saml_provider *provider) {
    struct alert alert = {.kind = ALERT_CERTIFICATE,
                          .org_id = provider->org_id,
                          .connection_id = provider->connection_id};
    int64_t last_us = INT64_MIN;
    for (size_t i = 0; i < provider->facts.certificate_count; i++) {
        const struct saml_certificate *certificate = &provider->facts.certificates[i];
        last_us = certificate->not_after_us > last_us ? certificate->not_after_us : last_us;
        look_at(scope, watch, &alert, saml_fingerprint(scope, certificate->der),
                certificate->not_after_us);
    }
    keep_nearest(&watch->outlook.has_provider, &watch->outlook.provider_left_us,
                 last_us - watch->now_us);
}

/* Each page in an arena of its own: an installation may have thousands. `after` moves on. */
static result look_at_page(struct scope *scope, struct watch *watch, struct saml_due *after,
                           size_t *ret_count) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope own = {arena, scope->env, NULL};
    struct saml_provider *list = NULL;
    size_t count = 0;
    const result read = saml_provider_store_page(&own, watch->db, after, PAGE, &list, &count);
    scope->reason = own.reason;
    TRY(read);
    for (size_t i = 0; i < count; i++) {
        look_at_provider(&own, watch, &list[i]);
    }
    if (count > 0) {
        after->org_id = str_copy(scope->arena, list[count - 1].org_id);
        after->connection_id = str_copy(scope->arena, list[count - 1].connection_id);
    }
    *ret_count = count;
    return OK_RESULT;
}

/* Ours: what is in use counts for the outlook; what only waits or retires is alerted about too. */
static void look_at_own(struct scope *scope, struct watch *watch, const struct saml_own_key *key) {
    struct alert alert = {.kind = ALERT_CERTIFICATE,
                          .org_id = key->org_id,
                          .connection_id = key->connection_id,
                          .is_own = true};
    look_at(scope, watch, &alert, key->fingerprint, key->not_after_us);
    if (key->state == SAML_KEY_ACTIVE) {
        keep_nearest(&watch->outlook.has_own, &watch->outlook.own_left_us,
                     key->not_after_us - watch->now_us);
    }
}

static result look_at_own_keys(struct scope *scope, struct watch *watch) {
    struct saml_own_key *last = NULL;
    for (;;) {
        struct saml_own_key *list = NULL;
        size_t count = 0;
        TRY(saml_key_expiring(scope, watch->db, INT64_MAX, last, &list, &count));
        for (size_t i = 0; i < count; i++) {
            look_at_own(scope, watch, &list[i]);
        }
        if (count == 0) {
            return OK_RESULT;
        }
        last = &list[count - 1];
    }
}

result certificate_watch(struct scope *scope, struct db *db, struct certificate_outlook *ret) {
    struct watch watch = {.db = db, .now_us = clock_now_us(scope->env->clock)};
    struct saml_due after = {STR(""), STR("")};
    size_t count = 0;
    do {
        TRY(look_at_page(scope, &watch, &after, &count));
    } while (count == PAGE);
    TRY(look_at_own_keys(scope, &watch));
    *ret = watch.outlook;
    scope->reason = watch.reason;
    return watch.failed;
}
