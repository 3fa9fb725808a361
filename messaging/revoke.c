#include "messaging/revoke.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"

static result open_receipt(struct scope *scope, struct tx *tx, const struct revoking *what,
                           struct str id) {
    const struct receipt receipt = {
        .org_id = what->org_id,
        .id = id,
        .kind = what->kind,
        .subject = what->subject,
        .user_id = what->user_id,
        .source = what->source,
        .received_us = what->received_us,
        .committed_us = clock_now_us(scope->env->clock),
        .sessions = what->sessions,
        .tokens = what->tokens,
    };
    return receipt_open(scope, tx, &receipt);
}

result revoke_in(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                 const struct revoking *what, struct revocation *ret) {
    struct revocation row = {
        .id = uuid_v7(scope),
        .org_id = what->org_id,
        .kind = what->kind,
        .subject = what->subject,
        .reason = what->reason,
        .origin = messaging->instance,
    };
    if (!what->has_no_receipt) {
        TRY(open_receipt(scope, tx, what, row.id));
    }
    TRY(revocation_append(scope, tx, &row));
    *ret = row;
    return OK_RESULT;
}

void revoke_done(struct scope *scope, const struct revocation *row, struct str generation,
                 struct revoked *ret) {
    *ret = (struct revoked){
        .is_set = true,
        .partition = row->partition,
        .seq = row->seq,
        .id = row->id,
        .org_id = row->org_id,
        .generation = generation,
        .committed_boot_us = clock_boot_us(scope->env->clock),
    };
}
