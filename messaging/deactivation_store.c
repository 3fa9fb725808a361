#include "messaging/deactivation_store.h"

#include "base/clock.h"
#include "base/env.h"

/* The first statement of the transaction: whoever else changes this person waits for its row lock
 * and then sees the new state (revocation.md rule 1). */
static const struct statement TAKE_OUT = {
    "user.take_out", TENANT,
    "UPDATE org_user SET state = 'deactivated', epoch = epoch + 1, changed_us = $3 "
    "WHERE org_id = $1 AND id = $2 AND state IN ('invited', 'active', 'suspended') "
    "RETURNING state, role, epoch, revoked_seq, revocation_id",
    NULL};

static const struct statement LOCK = {
    "user.lock", TENANT,
    "UPDATE org_user SET seen_us = seen_us WHERE org_id = $1 AND id = $2 "
    "RETURNING state, role, epoch, revoked_seq, revocation_id",
    NULL};

static const struct statement BRING_BACK = {
    "user.bring_back", TENANT,
    "UPDATE org_user SET state = 'active', epoch = epoch + 1, changed_us = $3 "
    "WHERE org_id = $1 AND id = $2 AND state IN ('deactivated', 'suspended') "
    "AND NOT EXISTS (SELECT 1 FROM user_block b WHERE b.org_id = $1 AND b.user_id = $2)",
    NULL};

static const struct statement BLOCK = {
    "user.block", TENANT,
    "INSERT INTO user_block (org_id, user_id, source, actor_kind, actor_id, reason, created_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, user_id, source) DO NOTHING",
    NULL};

static const struct statement UNBLOCK = {
    "user.unblock", TENANT,
    "DELETE FROM user_block WHERE org_id = $1 AND user_id = $2 AND source = $3", NULL};

static const struct statement UNBLOCK_ALL = {
    "user.unblock_all", TENANT, "DELETE FROM user_block WHERE org_id = $1 AND user_id = $2", NULL};

static const struct statement IS_BLOCKED = {
    "user.is_blocked", TENANT,
    "SELECT 1 FROM user_block WHERE org_id = $1 AND user_id = $2 LIMIT 1", NULL};

/* Two creators who leave at the same time must not each count on the other: the organisation's row
 * is locked first, then a new statement looks. */
static const struct statement LOCK_ORG = {"org.lock", TENANT,
                                          "UPDATE org SET changed_us = $2 WHERE org_id = $1", NULL};

static const struct statement FLAG_OWNERLESS = {
    "org.flag_ownerless", TENANT,
    "UPDATE org SET is_ownerless = 1 WHERE org_id = $1 AND is_ownerless = 0 AND NOT EXISTS "
    "(SELECT 1 FROM org_user u WHERE u.org_id = $1 AND u.role = 'creator' AND u.state = 'active')",
    NULL};

static const struct statement UNFLAG_OWNERLESS = {
    "org.unflag_ownerless", TENANT,
    "UPDATE org SET is_ownerless = 0 WHERE org_id = $1 AND is_ownerless = 1", NULL};

static const struct statement MARK_REVOKED = {
    "user.mark_revoked", TENANT,
    "UPDATE org_user SET revoked_seq = $3, revocation_id = $4 WHERE org_id = $1 AND id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &TAKE_OUT,     &LOCK,       &BRING_BACK, &BLOCK,          &UNBLOCK,
    &UNBLOCK_ALL,  &IS_BLOCKED, &LOCK_ORG,   &FLAG_OWNERLESS, &UNFLAG_OWNERLESS,
    &MARK_REVOKED,
};
const struct statement_list DEACTIVATION_STATEMENTS = {STATEMENTS,
                                                       sizeof STATEMENTS / sizeof *STATEMENTS};

static result decode(struct scope *scope, const struct rows *rows, struct state_row *ret) {
    struct state_row row = {
        .epoch = rows_number(rows, 0, 2),
        .revoked_seq = rows_number(rows, 0, 3),
        .revocation_id = rows_text(rows, 0, 4),
    };
    TRY(user_state_parse(scope, rows_text(rows, 0, 0), &row.state));
    TRY(role_parse(scope, rows_text(rows, 0, 1), &row.role));
    *ret = row;
    return OK_RESULT;
}

/* Statements that change rows of the person and whose values are $1 org_id, $2 id. */
static result run_on_person(struct scope *scope, struct tx *tx, const struct statement *statement,
                            const struct state_change *change, struct rows *ret) {
    return tx_run(scope, tx, statement,
                  VALUES(value_text(change->org_id), value_text(change->user_id)), ret);
}

result deactivation_store_take_out(struct scope *scope, struct tx *tx,
                                   const struct state_change *change, struct state_row *ret,
                                   bool *ret_is_changed) {
    struct rows rows;
    TRY(tx_run(scope, tx, &TAKE_OUT,
               VALUES(value_text(change->org_id), value_text(change->user_id),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    if (rows.count == 1) {
        TRY(decode(scope, &rows, ret));
    }
    *ret_is_changed = rows.count == 1;
    return OK_RESULT;
}

result deactivation_store_lock(struct scope *scope, struct tx *tx,
                               const struct state_change *change, struct state_row *ret) {
    struct rows rows;
    TRY(run_on_person(scope, tx, &LOCK, change, &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "user.unknown");
    return decode(scope, &rows, ret);
}

result deactivation_store_bring_back(struct scope *scope, struct tx *tx,
                                     const struct state_change *change) {
    struct rows rows;
    TRY(tx_run(scope, tx, &BRING_BACK,
               VALUES(value_text(change->org_id), value_text(change->user_id),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.changed == 1, CONFLICT, "user.blocked");
    return OK_RESULT;
}

result deactivation_store_block(struct scope *scope, struct tx *tx,
                                const struct state_change *change, bool *ret_is_new) {
    const struct rows *rows = NULL;
    TRY(tx_send(scope, tx, &BLOCK,
                VALUES(value_text(change->org_id), value_text(change->user_id),
                       value_text(str_from_c(source_name(change->source))),
                       value_text(str_from_c(actor_kind_name(change->actor->kind))),
                       value_text_or_null(change->actor->id), value_text(change->reason),
                       value_number(clock_now_us(scope->env->clock))),
                &rows));
    if (ret_is_new != NULL) {
        TRY(tx_settle(scope, tx));
        *ret_is_new = rows->changed == 1;
    }
    return OK_RESULT;
}

static result unblock_one(struct scope *scope, struct tx *tx, const struct state_change *change,
                          struct rows *ret) {
    return tx_run(scope, tx, &UNBLOCK,
                  VALUES(value_text(change->org_id), value_text(change->user_id),
                         value_text(str_from_c(source_name(change->source)))),
                  ret);
}

result deactivation_store_unblock(struct scope *scope, struct tx *tx,
                                  const struct state_change *change, bool is_all,
                                  int64_t *ret_count) {
    struct rows rows;
    TRY(is_all ? run_on_person(scope, tx, &UNBLOCK_ALL, change, &rows)
               : unblock_one(scope, tx, change, &rows));
    *ret_count = rows.changed;
    return OK_RESULT;
}

result deactivation_store_is_blocked(struct scope *scope, struct tx *tx,
                                     const struct state_change *change, bool *ret) {
    struct rows rows;
    TRY(run_on_person(scope, tx, &IS_BLOCKED, change, &rows));
    *ret = rows.count == 1;
    return OK_RESULT;
}

result deactivation_store_flag_ownerless(struct scope *scope, struct tx *tx,
                                         const struct state_change *change, bool *ret_is_new) {
    struct rows rows;
    TRY(tx_run(scope, tx, &LOCK_ORG,
               VALUES(value_text(change->org_id), value_number(clock_now_us(scope->env->clock))),
               &rows));
    TRY(tx_run(scope, tx, &FLAG_OWNERLESS, VALUES(value_text(change->org_id)), &rows));
    *ret_is_new = rows.changed == 1;
    return OK_RESULT;
}

result deactivation_store_unflag_ownerless(struct scope *scope, struct tx *tx,
                                           const struct state_change *change) {
    struct rows rows;
    return tx_run(scope, tx, &UNFLAG_OWNERLESS, VALUES(value_text(change->org_id)), &rows);
}

result deactivation_store_mark_revoked(struct scope *scope, struct tx *tx,
                                       const struct state_change *change,
                                       const struct revocation *row) {
    struct rows rows;
    TRY(tx_run(scope, tx, &MARK_REVOKED,
               VALUES(value_text(change->org_id), value_text(change->user_id),
                      value_number(row->seq), value_text(row->id)),
               &rows));
    REQUIRE(scope, rows.changed == 1, INTERNAL, "user.vanished");
    return OK_RESULT;
}
