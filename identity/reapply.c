#include "identity/reapply.h"

#include <assert.h>

#include "base/clock.h"
#include "base/env.h"
#include "identity/api_token.h"
#include "identity/session.h"
#include "messaging/deactivation.h"

static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};

/* Already gone in this history, too: nothing was given back by the loss. */
static result unless_gone(result outcome, bool *ret_is_applied) {
    *ret_is_applied = is_ok(outcome);
    return outcome.code == NOT_FOUND ? OK_RESULT : outcome;
}

static result end_session(struct scope *scope, const struct messaging *messaging, struct db *db,
                          const struct revocation *lost, bool *ret_is_applied) {
    struct session_end end = {
        .org_id = lost->org_id,
        .session_id = lost->subject,
        .actor = &SYSTEM,
        .source = SOURCE_RESTORE,
        .received_us = clock_now_us(scope->env->clock),
    };
    const result found = session_owner(scope, db, lost->org_id, lost->subject, &end.user_id);
    struct revoked revoked;
    return unless_gone(is_ok(found) ? session_end(scope, messaging, db, &end, &revoked) : found,
                       ret_is_applied);
}

static result end_token(struct scope *scope, const struct messaging *messaging, struct db *db,
                        const struct revocation *lost, bool *ret_is_applied) {
    const struct token_end end = {
        .org_id = lost->org_id,
        .id = lost->subject,
        .actor = &SYSTEM,
        .source = SOURCE_RESTORE,
        .received_us = clock_now_us(scope->env->clock),
    };
    struct revoked revoked;
    return unless_gone(api_token_revoke(scope, messaging, db, &end, &revoked), ret_is_applied);
}

/* Whether it was disabled or deleted is not known any more; disabled, it lets nobody in either. */
static result close_connection(struct scope *scope, const struct messaging *messaging,
                               struct db *db, const struct revocation *lost, bool *ret_is_applied) {
    const struct connection_change change = {
        .messaging = messaging,
        .actor = &SYSTEM,
        .received_us = clock_now_us(scope->env->clock),
    };
    struct connection connection;
    const result found = connection_find(scope, db, lost->org_id, lost->subject, &connection);
    if (is_ok(found) && connection.state != CONNECTION_ENABLED) {
        *ret_is_applied = false;
        return OK_RESULT;
    }
    struct revoked revoked;
    return unless_gone(is_ok(found) ? connection_disable(scope, &change, db, &connection, &revoked)
                                    : found,
                       ret_is_applied);
}

result revocation_reapply(struct scope *scope, const struct messaging *messaging, struct db *db,
                          const struct revocation *lost, bool *ret_is_applied) {
    switch (lost->kind) {
    case REVOKED_USER: return user_deactivate_again(scope, messaging, db, lost, ret_is_applied);
    case REVOKED_SESSION: return end_session(scope, messaging, db, lost, ret_is_applied);
    case REVOKED_TOKEN: return end_token(scope, messaging, db, lost, ret_is_applied);
    case REVOKED_CONNECTION: return close_connection(scope, messaging, db, lost, ret_is_applied);
    case REVOKED_ORG: /* nobody closes organisations yet */
    case REVOCATION_KIND_COUNT: break;
    }
    *ret_is_applied = false;
    return OK_RESULT;
}
