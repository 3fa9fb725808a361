#pragma once
/* The heart: the one place that changes a person's state. Order inside the one transaction: user
 * row by guarded UPDATE (state, epoch + 1), credentials by the table registry, audit, clean-up job,
 * event, and last the revocation row (revocation.md rules 1 and 2). Nobody else writes the state.
 */

#include "messaging/actor.h"
#include "messaging/call.h"
#include "messaging/user.h"

struct state_change {
    struct str org_id, user_id;
    const struct actor *actor;
    enum source source;
    struct str reason; /* why, in an admin's or provider's words; at most 200 bytes; may be empty */
    struct str request_id; /* empty on the command line */
    int64_t received_us;   /* when the signal arrived, wall clock */
};

/* Between deactivation_begin and deactivation_finish a caller may write rows of its own into the
 * same transaction (SCIM attributes). */
struct deactivation {
    bool is_noop;  /* the person was out already: nothing is written, the barrier opens on
                      revoked_seq (rule 8) */
    int64_t epoch; /* the new one */
    int64_t revoked_seq;
    int64_t sessions, tokens; /* ended */
    struct str receipt_id;
};

/* First statements of the transaction. NOT_FOUND "user.unknown". Never refused because the leaver
 * is the last owner: access is cut, the organisation is flagged ownerless. */
RESULT deactivation_begin(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                          const struct state_change *change, struct deactivation *ret);
/* Last statements before the commit. */
RESULT deactivation_finish(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                           const struct state_change *change, struct deactivation *deactivation);
/* After tx_commit said OK: fills what the barrier needs. `generation` was read before tx_begin. */
void deactivation_revoked(struct scope *scope, const struct state_change *change,
                          const struct deactivation *deactivation, struct str generation,
                          struct revoked *ret);

/* All of it in a transaction of its own: generation, begin, finish, commit. */
RESULT user_deactivate(struct scope *scope, const struct messaging *messaging, struct db *db,
                       const struct state_change *change, struct revoked *ret);
/* Lifts the block of the caller's own source; a manual (console, operator) block is lifted only by
 * a console or operator change: else CONFLICT "user.blocked". Epoch + 1, no credential revived.
 * Already active: OK. */
RESULT user_reactivate(struct scope *scope, const struct messaging *messaging, struct db *db,
                       const struct state_change *change);
/* The same inside a caller's transaction. */
RESULT user_reactivate_in(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                          const struct state_change *change);
/* The durable record of a revocation, completed by the follower when the barrier opened. */
struct receipt_ack {
    struct str instance;
    int64_t acknowledged_us; /* after the commit */
};
RESULT receipt_complete(struct scope *scope, struct db *db, struct str org_id,
                        struct str receipt_id, int64_t answered_us, int64_t sockets,
                        const struct receipt_ack *acks, size_t ack_count);
