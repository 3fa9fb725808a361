#include "messaging/deactivation.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "messaging/audit.h"
#include "messaging/deactivation_store.h"
#include "messaging/event_write.h"
#include "messaging/table_registry.h"
#include "messaging/user_cleanup.h"

static result audit_change(struct scope *scope, struct tx *tx, const struct state_change *change,
                           enum audit_action action) {
    const struct audit audit = {
        .org_id = change->org_id,
        .actor = change->actor,
        .source = change->source,
        .action = action,
        .subject_kind = action == AUDIT_ORG_OWNERLESS ? SUBJECT_ORG : SUBJECT_USER,
        .subject_id = action == AUDIT_ORG_OWNERLESS ? change->org_id : change->user_id,
        .request_id = change->request_id,
    };
    return audit_append(scope, tx, &audit);
}

static result check_change(struct scope *scope, const struct state_change *change) {
    REQUIRE(scope,
            change->reason.len <= STATE_REASON_MAX_BYTES && str_is_utf8(change->reason) &&
                !str_has_control(change->reason),
            INVALID, "user.reason");
    return OK_RESULT;
}

static bool is_self(const struct state_change *change) {
    return change->actor->kind == ACTOR_USER && str_eq(change->actor->id, change->user_id);
}

/* Who is out already stays out; a source that had not said so yet is remembered, so that the
 * "active" of another one does not let them in. There is no event here whose writer is asked for,
 * so the actor is guarded first (the actor's row before the subject's). */
static result note_repetition(struct scope *scope, struct tx *tx, const struct state_change *change,
                              struct deactivation *ret) {
    if (!is_self(change)) {
        TRY(user_guard_actor(scope, tx, change->actor));
    }
    struct state_row row;
    TRY(deactivation_store_lock(scope, tx, change, &row));
    bool is_new = false;
    TRY(deactivation_store_block(scope, tx, change, &is_new));
    if (is_new) {
        TRY(audit_change(scope, tx, change, AUDIT_USER_BLOCK_ADDED));
    }
    *ret = (struct deactivation){
        .is_noop = true,
        .epoch = row.epoch,
        .revoked_seq = row.revoked_seq,
        .receipt_id = row.revocation_id,
    };
    return OK_RESULT;
}

/* What a rule of the registry does, on its way. */
struct ended {
    enum counted_as counted_as;
    const struct rows *rows;
};

static void count_ended(const struct ended *ended, struct deactivation *deactivation) {
    switch (ended->counted_as) {
    case COUNTED_NOT: break;
    case COUNTED_SESSIONS: deactivation->sessions += ended->rows->changed; break;
    case COUNTED_TOKENS: deactivation->tokens += ended->rows->changed; break;
    }
}

static size_t count_rules(const struct table_registry *registry) {
    size_t count = 0;
    for (size_t i = 0; i < registry->count; i++) {
        count += registry->lists[i].count;
    }
    return count;
}

static result send_list(struct scope *scope, const struct table_rule_list *list, struct tx *tx,
                        const struct state_change *change, struct ended *ended, size_t *count) {
    for (size_t i = 0; i < list->count; i++) {
        const struct table_rule *rule = &list->rules[i];
        if (rule->on_deactivation == NULL) {
            continue;
        }
        struct ended *one = &ended[(*count)++];
        one->counted_as = rule->counted_as;
        TRY(tx_send(scope, tx, rule->on_deactivation,
                    VALUES(value_text(change->org_id), value_text(change->user_id)), &one->rows));
    }
    return OK_RESULT;
}

static result end_credentials(struct scope *scope, const struct table_registry *registry,
                              struct tx *tx, const struct state_change *change,
                              struct deactivation *deactivation) {
    struct ended *ended = NEW_ARRAY(scope->arena, count_rules(registry), struct ended);
    size_t count = 0;
    for (size_t i = 0; i < registry->count; i++) {
        TRY(send_list(scope, &registry->lists[i], tx, change, ended, &count));
    }
    TRY(tx_settle(scope, tx));
    for (size_t i = 0; i < count; i++) {
        count_ended(&ended[i], deactivation);
    }
    return OK_RESULT;
}

/* A provider's word is never refused: access is cut, the organisation is flagged. By hand the
 * rights have to be passed on first. */
static result flag_ownerless(struct scope *scope, struct tx *tx,
                             const struct state_change *change) {
    bool is_new = false;
    TRY(deactivation_store_flag_ownerless(scope, tx, change, &is_new));
    REQUIRE(scope, !is_new || change->source != SOURCE_CONSOLE, CONFLICT, "user.last_creator");
    return is_new ? audit_change(scope, tx, change, AUDIT_ORG_OWNERLESS) : OK_RESULT;
}

result deactivation_begin(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                          const struct state_change *change, struct deactivation *ret) {
    TRY(check_change(scope, change));
    struct state_row row;
    bool is_changed = false;
    TRY(deactivation_store_take_out(scope, tx, change, &row, &is_changed));
    if (!is_changed) {
        return note_repetition(scope, tx, change, ret);
    }
    struct deactivation deactivation = {.epoch = row.epoch, .receipt_id = uuid_v7(scope)};
    TRY(deactivation_store_block(scope, tx, change, NULL));
    TRY(end_credentials(scope, messaging->registry, tx, change, &deactivation));
    TRY(audit_change(scope, tx, change, AUDIT_USER_DEACTIVATED));
    if (row.role == ROLE_CREATOR) {
        TRY(flag_ownerless(scope, tx, change));
    }
    *ret = deactivation;
    return OK_RESULT;
}

static result open_receipt(struct scope *scope, struct tx *tx, const struct state_change *change,
                           const struct deactivation *deactivation) {
    const struct receipt receipt = {
        .org_id = change->org_id,
        .id = deactivation->receipt_id,
        .kind = REVOKED_USER,
        .subject = change->user_id,
        .user_id = change->user_id,
        .source = change->source,
        .received_us = change->received_us,
        .committed_us = clock_now_us(scope->env->clock),
        .sessions = deactivation->sessions,
        .tokens = deactivation->tokens,
    };
    return receipt_open(scope, tx, &receipt);
}

/* Guarded: an administrator who was cut off a moment ago changes nobody any more. */
static result write_event(struct scope *scope, struct tx *tx, const struct state_change *change,
                          const struct actor *actor, const char *type) {
    int64_t seq = 0;
    return event_write(scope, tx, actor, change->org_id, str_from_c(type),
                       event_payload_user(scope, type, change->user_id), &seq);
}

static result append_revocation(struct scope *scope, const struct messaging *messaging,
                                struct tx *tx, const struct state_change *change,
                                struct deactivation *deactivation) {
    struct revocation row = {
        .id = deactivation->receipt_id,
        .org_id = change->org_id,
        .kind = REVOKED_USER,
        .subject = change->user_id,
        .epoch = deactivation->epoch,
        .reason = STR("user.deactivated"),
        .origin = messaging->instance,
    };
    TRY(revocation_append(scope, tx, &row));
    TRY(deactivation_store_mark_revoked(scope, tx, change, &row));
    deactivation->revoked_seq = row.seq;
    return OK_RESULT;
}

/* Who goes by their own hand has just ended the credential that the guard of the event would ask
 * for: here alone the event has another writer. */
result deactivation_finish(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                           const struct state_change *change, struct deactivation *deactivation) {
    static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};
    if (deactivation->is_noop) {
        return OK_RESULT;
    }
    TRY(user_cleanup_enqueue(scope, tx, change->org_id, change->user_id, deactivation->epoch));
    TRY(open_receipt(scope, tx, change, deactivation));
    TRY(write_event(scope, tx, change, is_self(change) ? &SYSTEM : change->actor,
                    "user.deactivated"));
    return append_revocation(scope, messaging, tx, change, deactivation);
}

void deactivation_revoked(struct scope *scope, const struct state_change *change,
                          const struct deactivation *deactivation, struct str generation,
                          struct revoked *ret) {
    *ret = (struct revoked){
        .is_set = true,
        .partition = revocation_partition(scope, change->org_id),
        .seq = deactivation->revoked_seq,
        .id = deactivation->receipt_id,
        .org_id = change->org_id,
        .generation = generation,
        .committed_boot_us = clock_boot_us(scope->env->clock),
    };
}

result user_deactivate(struct scope *scope, const struct messaging *messaging, struct db *db,
                       const struct state_change *change, struct revoked *ret) {
    struct str generation;
    TRY(db_generation(scope, db, &generation));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_REVOCATION, &tx));
    struct deactivation deactivation = {0};
    TRY(deactivation_begin(scope, messaging, tx, change, &deactivation));
    TRY(deactivation_finish(scope, messaging, tx, change, &deactivation));
    TRY(tx_commit(scope, tx));
    deactivation_revoked(scope, change, &deactivation, generation, ret);
    return OK_RESULT;
}

result user_deactivate_again(struct scope *scope, const struct messaging *messaging, struct db *db,
                             const struct revocation *lost, bool *ret_is_applied) {
    static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};
    const struct state_change change = {
        .org_id = lost->org_id,
        .user_id = lost->subject,
        .actor = &SYSTEM,
        .source = SOURCE_RESTORE,
        .received_us = clock_now_us(scope->env->clock),
    };
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_REVOCATION, &tx));
    struct user user;
    const result found = user_find_locked(scope, tx, lost->org_id, lost->subject, &user);
    *ret_is_applied = is_ok(found) && user.epoch < lost->epoch;
    if (found.code == NOT_FOUND || (is_ok(found) && !*ret_is_applied)) {
        return OK_RESULT;
    }
    TRY(found);
    struct deactivation deactivation = {0};
    TRY(deactivation_begin(scope, messaging, tx, &change, &deactivation));
    TRY(deactivation_finish(scope, messaging, tx, &change, &deactivation));
    return tx_commit(scope, tx);
}

/* The people in charge answer for what they lift; a directory speaks for itself alone. */
static bool is_manual(enum source source) {
    switch (source) {
    case SOURCE_CONSOLE:
    case SOURCE_OPERATOR: return true;
    case SOURCE_SCIM:
    case SOURCE_LDAP:
    case SOURCE_SIGNAL:
    case SOURCE_POLICY:
    case SOURCE_EXPIRY:
    case SOURCE_RESTORE:
    case SOURCE_COUNT: return false;
    }
    assert(false);
    return false;
}

static result lift_blocks(struct scope *scope, struct tx *tx, const struct state_change *change) {
    int64_t count = 0;
    TRY(deactivation_store_unblock(scope, tx, change, is_manual(change->source), &count));
    for (int64_t i = 0; i < count; i++) {
        TRY(audit_change(scope, tx, change, AUDIT_USER_BLOCK_LIFTED));
    }
    bool is_blocked = false;
    TRY(deactivation_store_is_blocked(scope, tx, change, &is_blocked));
    REQUIRE(scope, !is_blocked, CONFLICT, "user.blocked");
    return OK_RESULT;
}

static bool may_come_back(enum user_state state) {
    switch (state) {
    case USER_SUSPENDED:
    case USER_DEACTIVATED: return true;
    case USER_INVITED:
    case USER_ACTIVE:
    case USER_ANONYMISED:
    case USER_ERASED:
    case USER_STATE_COUNT: return false;
    }
    assert(false);
    return false;
}

result user_reactivate_in(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                          const struct state_change *change) {
    (void) messaging;
    TRY(check_change(scope, change));
    REQUIRE(scope, !is_self(change), FORBIDDEN, "user.self");
    const struct actor *actor = change->actor;
    const bool is_maker = actor->made_by.len > 0 && str_eq(actor->made_by, change->user_id);
    struct state_row row;
    TRY(deactivation_store_lock(scope, tx, change, &row));
    if (row.state == USER_ACTIVE) {
        return OK_RESULT;
    }
    REQUIRE(scope, !is_maker, CONFLICT, "user.blocked"); /* somebody else has to want it */
    REQUIRE(scope, may_come_back(row.state), CONFLICT, "user.state");
    TRY(lift_blocks(scope, tx, change));
    TRY(deactivation_store_bring_back(scope, tx, change));
    TRY(audit_change(scope, tx, change, AUDIT_USER_REACTIVATED));
    if (row.role == ROLE_CREATOR) {
        TRY(deactivation_store_unflag_ownerless(scope, tx, change));
    }
    return write_event(scope, tx, change, change->actor, "user.reactivated");
}

result user_reactivate(struct scope *scope, const struct messaging *messaging, struct db *db,
                       const struct state_change *change) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_reactivate_in(scope, messaging, tx, change));
    return tx_commit(scope, tx);
}
