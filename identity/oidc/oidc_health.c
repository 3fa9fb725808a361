#include "identity/oidc/oidc_health.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "identity/oidc/oidc_health_store.h"
#include "identity/oidc/oidc_provider.h"

enum { AT_ONCE = 4, JITTER_S = 360 };
static const int64_t EVERY_US = S_TO_US(3600);

/* Up to a tenth earlier, so that the connections of an installation spread. */
static int64_t next_after(struct scope *scope, int64_t now_us) {
    uint32_t number = 0;
    scope->env->random->bytes(scope->env->random, &number, sizeof number);
    return now_us + EVERY_US - S_TO_US(number % JITTER_S);
}

result oidc_health_begin(struct scope *scope, struct tx *tx, struct str org_id,
                         struct str connection_id) {
    return oidc_health_store_insert(scope, tx, org_id, connection_id,
                                    next_after(scope, clock_now_us(scope->env->clock)));
}

result oidc_health_find(struct scope *scope, struct db *db, struct str org_id,
                        struct str connection_id, struct oidc_health *ret) {
    return oidc_health_store_find(scope, db, org_id, connection_id, ret);
}

result oidc_health_schedule(struct scope *scope, struct db *db) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct oidc_health *due = NULL;
    size_t count = 0;
    bool is_due = false;
    TRY(oidc_health_store_is_due(scope, db, now_us, &is_due));
    if (!is_due) {
        return OK_RESULT;
    }
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(oidc_health_store_claim_due(scope, tx, now_us, now_us + EVERY_US, AT_ONCE, &due, &count));
    for (size_t i = 0; i < count; i++) {
        struct json *payload = json_new_object(scope->arena);
        json_set(scope->arena, payload, STR("connection"),
                 json_new_string(scope->arena, due[i].connection_id));
        TRY(job_enqueue(scope, tx, due[i].org_id, STR(OIDC_HEALTH_JOB),
                        json_write(scope->arena, payload), now_us));
    }
    return tx_commit(scope, tx);
}

result oidc_health_check(struct scope *scope, struct oidc *oidc, struct db *db,
                         const struct connection *connection, struct oidc_health *ret) {
    struct oidc_health health;
    struct oidc_metadata metadata;
    size_t keys = 0;
    TRY(oidc_health_store_find(scope, db, connection->org_id, connection->id, &health));
    const result probed = oidc_provider_probe(scope, oidc, connection, &metadata, &keys);
    const bool is_good = is_ok(probed) && keys > 0;
    health.checked_us = clock_now_us(scope->env->clock);
    health.next_us = next_after(scope, health.checked_us);
    health.failures = is_good ? 0 : health.failures + 1;
    health.failure = is_good         ? STR("")
                     : is_ok(probed) ? STR("oidc.keys")
                                     : str_from_c(scope->reason);
    health.good_us = is_good ? health.checked_us : health.good_us;
    health.keys = is_good ? (int64_t) keys : health.keys;
    scope->reason = NULL;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(oidc_health_store_update(scope, tx, &health));
    TRY(tx_commit(scope, tx));
    *ret = health;
    return OK_RESULT;
}

result oidc_health_run(struct scope *scope, struct oidc *oidc, struct db *db,
                       const struct job *job) {
    const struct json *payload = NULL;
    struct str id = STR("");
    struct connection connection;
    struct oidc_health health;
    TRY(json_read(scope, job->payload, &payload));
    TRY(json_need_string(scope, payload, STR("connection"), &id));
    const result found = connection_find(scope, db, job->org_id, id, &connection);
    if (found.code == NOT_FOUND) {
        return OK_RESULT;
    }
    TRY(found);
    const result checked = oidc_health_check(scope, oidc, db, &connection, &health);
    if (checked.code == NOT_FOUND) {
        return OK_RESULT;
    }
    TRY(checked);
    if (health.failure.len > 0) {
        log_info(scope, "provider.check_failed", LOG_ORG(job->org_id), LOG_ID("connection", id),
                 LOG_ID("why", health.failure), LOG_COUNT("failures", health.failures));
    }
    return OK_RESULT;
}
