#pragma once
/* The heart: the one place that changes a person's state. Order inside the one transaction: user
 * row by guarded UPDATE (state, epoch + 1), credentials by the table registry, audit, clean-up job,
 * event, and last the revocation row (revocation.md rules 1 and 2). Nobody else writes the state.
 */

#include "messaging/actor.h"
#include "messaging/call.h"
#include "messaging/receipt.h"
#include "messaging/user.h"

enum { STATE_REASON_MAX_BYTES = 2000 };

struct state_change {
    struct str org_id, user_id;
    const struct actor *actor;
    enum source source;
    struct str reason; /* why, in an admin's or provider's words; at most STATE_REASON_MAX_BYTES;
                          may be empty */
    struct str request_id; /* empty on the command line */
    int64_t received_us;   /* when the signal arrived, wall clock */
};

/* Between deactivation_begin and deactivation_finish a caller may write rows of its own into the
 * same transaction (SCIM attributes). */
struct deactivation {
    bool is_noop;  /* the person was out already: at most a block of another source is added,
                      the barrier opens on revoked_seq (rule 8) */
    int64_t epoch; /* the new one */
    int64_t revoked_seq;
    int64_t sessions, tokens; /* ended */
    struct str receipt_id;    /* also the id of the revocation row */
};

/* First statements of the transaction. NOT_FOUND "user.unknown"; INVALID "user.reason". Never
 * refused to a provider because the leaver is the last owner: access is cut, the organisation is
 * flagged ownerless. From the console it is refused: CONFLICT "user.last_creator". */
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
/* A deactivation that the database has lost, said again: only while the person's epoch is below
 * `epoch`, which it raised then. The block is of source "restore": the people in charge lift it. */
RESULT user_deactivate_again(struct scope *scope, const struct messaging *messaging, struct db *db,
                             const struct revocation *lost, bool *ret_is_applied);
/* A directory lifts its own block only; the console and the operator lift every block, each one
 * audited. A block that stays: CONFLICT "user.blocked". Epoch + 1, no credential revived. Already
 * active: OK. CONFLICT "user.state" for who cannot come back (invited, anonymised, erased).
 * Nobody lets themselves in again: FORBIDDEN "user.self". */
RESULT user_reactivate(struct scope *scope, const struct messaging *messaging, struct db *db,
                       const struct state_change *change);
/* The same inside a caller's transaction. */
RESULT user_reactivate_in(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                          const struct state_change *change);
