#include "messaging/user_cleanup.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "messaging/table_registry.h"
#include "messaging/user.h"

result user_cleanup_enqueue(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, int64_t epoch) {
    struct json *payload = json_new_object(scope->arena);
    json_set(scope->arena, payload, STR("user"), json_new_string(scope->arena, user_id));
    json_set(scope->arena, payload, STR("epoch"), json_new_integer(scope->arena, epoch));
    return job_enqueue(scope, tx, org_id, STR(USER_CLEANUP_JOB), json_write(scope->arena, payload),
                       clock_now_us(scope->env->clock));
}

/* Runs the rules of the registry once more; the transaction of the deactivation has left nothing
 * for them, so what they find is a hole worth a line in the log. */
static result sweep(struct scope *scope, const struct table_registry *registry, struct tx *tx,
                    const struct user *user, int64_t *ret_found) {
    int64_t found = 0;
    for (size_t i = 0; i < registry->count; i++) {
        for (size_t j = 0; j < registry->lists[i].count; j++) {
            const struct table_rule *rule = &registry->lists[i].rules[j];
            if (rule->on_deactivation == NULL) {
                continue;
            }
            struct rows rows;
            TRY(tx_run(scope, tx, rule->on_deactivation,
                       VALUES(value_text(user->org_id), value_text(user->id)), &rows));
            found += rule->counted_as == COUNTED_NOT ? 0 : rows.changed;
        }
    }
    *ret_found = found;
    return OK_RESULT;
}

result user_cleanup_run(struct scope *scope, const struct messaging *messaging, struct db *db,
                        const struct job *job) {
    const struct json *payload = NULL;
    TRY(json_read(scope, job->payload, &payload));
    struct str user_id = STR("");
    TRY(json_need_string(scope, payload, STR("user"), &user_id));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct user user;
    TRY(user_find_locked(scope, tx, job->org_id, user_id, &user));
    if (user.state == USER_ACTIVE) {
        return OK_RESULT;
    }
    int64_t found = 0;
    TRY(sweep(scope, messaging->registry, tx, &user, &found));
    TRY(tx_commit(scope, tx));
    if (found > 0) {
        log_warning(scope, "user.cleanup_found", LOG_ORG(user.org_id), LOG_USER(user.id),
                    LOG_COUNT("credentials", found));
    }
    return OK_RESULT;
}
