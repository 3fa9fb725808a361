#include "identity/invitation_store.h"

#include "base/clock.h"
#include "base/env.h"

static const struct statement PUT = {
    "invitation.put", TENANT,
    "INSERT INTO invitation (org_id, user_id, epoch, token_hash, created_us, expires_us) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, user_id) DO UPDATE SET "
    "epoch = excluded.epoch, token_hash = excluded.token_hash, created_us = excluded.created_us, "
    "expires_us = excluded.expires_us",
    NULL};

static const struct statement EXISTS_ = {
    "invitation.exists", TENANT,
    "SELECT 1 FROM invitation WHERE org_id = $1 AND token_hash = $2 AND expires_us > $3", NULL};

static const struct statement TAKE = {
    "invitation.take", TENANT,
    "DELETE FROM invitation WHERE org_id = $1 AND token_hash = $2 AND expires_us > $3 "
    "RETURNING user_id, epoch",
    NULL};

const struct statement INVITATION_DELETE_OF_USER = {
    "invitation.delete_of_user", TENANT,
    "DELETE FROM invitation WHERE org_id = $1 AND user_id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &PUT,
    &EXISTS_,
    &TAKE,
    &INVITATION_DELETE_OF_USER,
};
const struct statement_list INVITATION_STATEMENTS = {STATEMENTS,
                                                     sizeof STATEMENTS / sizeof *STATEMENTS};

result invitation_store_put(struct scope *scope, struct tx *tx,
                            const struct invitation *invitation) {
    struct rows rows;
    return tx_run(scope, tx, &PUT,
                  VALUES(value_text(invitation->org_id), value_text(invitation->user_id),
                         value_number(invitation->epoch), value_text(invitation->token_hash),
                         value_number(clock_now_us(scope->env->clock)),
                         value_number(invitation->expires_us)),
                  &rows);
}

result invitation_store_exists(struct scope *scope, struct db *db, struct str org_id,
                               struct str token_hash, bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &EXISTS_,
               VALUES(value_text(org_id), value_text(token_hash),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    *ret = rows.count == 1;
    return OK_RESULT;
}

result invitation_store_take(struct scope *scope, struct tx *tx, struct str org_id,
                             struct str token_hash, struct invitation *ret) {
    struct rows rows;
    TRY(tx_run(scope, tx, &TAKE,
               VALUES(value_text(org_id), value_text(token_hash),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.count == 1, UNAUTHENTICATED, "invitation.refused");
    *ret = (struct invitation){
        .org_id = org_id,
        .user_id = rows_text(&rows, 0, 0),
        .epoch = rows_number(&rows, 0, 1),
        .token_hash = token_hash,
    };
    return OK_RESULT;
}
