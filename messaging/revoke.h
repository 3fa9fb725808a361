#pragma once
/* Revoking what is not a person: sessions, tokens, connections. (People: deactivation.h.) */

#include "messaging/call.h"
#include "messaging/receipt.h"

struct revoking {
    struct str org_id;
    enum revocation_kind kind;
    struct str subject;
    struct str user_id; /* whose it was; empty: nobody's */
    enum source source;
    struct str reason; /* of close code 4401: "session.revoked" … */
    int64_t received_us;
    int64_t sessions, tokens; /* ended */
    bool has_no_receipt;      /* a sign-out by one's own hand needs none */
};

/* The last call before the commit: receipt, head, row. */
RESULT revoke_in(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                 const struct revoking *what, struct revocation *ret);
/* After tx_commit said OK. `generation` was read before tx_begin. */
void revoke_done(struct scope *scope, const struct revocation *row, struct str generation,
                 struct revoked *ret);
