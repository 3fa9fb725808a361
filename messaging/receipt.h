#pragma once
/* The durable record of a revocation: opened in its transaction, completed when its answer was
 * given. The promise is measured here, not assumed. */

#include "messaging/actor.h"
#include "messaging/revocation.h"

struct receipt {
    struct str org_id, id; /* id of the revocation row */
    enum revocation_kind kind;
    struct str subject;
    struct str user_id;      /* whose it was; empty: nobody's */
    struct str display_name; /* when read: of that person */
    enum source source;
    int64_t received_us;
    int64_t committed_us; /* confirmed; until the answer: just before the commit */
    int64_t answered_us;  /* 0: not yet */
    int64_t sockets, sessions, tokens;
    struct str nodes; /* JSON: [{"node": …, "acknowledged_ms": …}] */
};

struct receipt_list {
    size_t count;
    struct receipt *receipts;
    struct str next_cursor;
};

/* One listed instance; acknowledged_us < 0: it was silent for the whole bound. */
struct receipt_ack {
    struct str instance;
    int64_t acknowledged_us; /* after the commit */
};

struct receipt_answer {
    int64_t committed_us, answered_us; /* wall clock */
    int64_t sockets;                   /* closed */
    const struct receipt_ack *acks;
    size_t ack_count;
};

extern const struct statement_list RECEIPT_STATEMENTS;

RESULT receipt_open(struct scope *scope, struct tx *tx, const struct receipt *receipt);
/* Only the first answer counts: a repeated call that waited on the same row changes nothing. */
RESULT receipt_complete(struct scope *scope, struct db *db, struct str org_id,
                        struct str receipt_id, const struct receipt_answer *answer);
/* NOT_FOUND "receipt.unknown". */
RESULT receipt_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                    struct receipt *ret);
/* Newest first; `user_id` empty: of everybody. `before`: cursor, empty: from the newest. */
RESULT receipt_list(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                    int64_t limit, struct str before, struct receipt_list *ret);
