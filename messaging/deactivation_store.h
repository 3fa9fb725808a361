#pragma once
/* The statements of the one place that writes a person's state. */

#include "messaging/deactivation.h"

extern const struct statement_list DEACTIVATION_STATEMENTS;

struct state_row {
    enum user_state state;
    enum role role;
    int64_t epoch, revoked_seq;
    struct str revocation_id;
};

/* The guarded UPDATE: *ret_is_changed is false when the person was not in a state that can be left
 * (or is unknown). */
RESULT deactivation_store_take_out(struct scope *scope, struct tx *tx,
                                   const struct state_change *change, struct state_row *ret,
                                   bool *ret_is_changed);
/* Locks the row. NOT_FOUND "user.unknown". */
RESULT deactivation_store_lock(struct scope *scope, struct tx *tx,
                               const struct state_change *change, struct state_row *ret);
RESULT deactivation_store_bring_back(struct scope *scope, struct tx *tx,
                                     const struct state_change *change);
/* *ret_is_new: this source had not blocked the person yet; NULL: nobody waits for the word. */
RESULT deactivation_store_block(struct scope *scope, struct tx *tx,
                                const struct state_change *change, bool *ret_is_new);
/* Lifts the block of one source, or of all; *ret_count says how many went. */
RESULT deactivation_store_unblock(struct scope *scope, struct tx *tx,
                                  const struct state_change *change, bool is_all,
                                  int64_t *ret_count);
RESULT deactivation_store_is_blocked(struct scope *scope, struct tx *tx,
                                     const struct state_change *change, bool *ret);
/* Flags the organisation when no active creator is left; true when that is news. */
RESULT deactivation_store_flag_ownerless(struct scope *scope, struct tx *tx,
                                         const struct state_change *change, bool *ret_is_new);
RESULT deactivation_store_unflag_ownerless(struct scope *scope, struct tx *tx,
                                           const struct state_change *change);
RESULT deactivation_store_mark_revoked(struct scope *scope, struct tx *tx,
                                       const struct state_change *change,
                                       const struct revocation *row);
