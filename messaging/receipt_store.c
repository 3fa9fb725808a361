#include "messaging/receipt.h"

#include "base/arena.h"
#include "base/json.h"
#include "messaging/revocation_store.h"

#define SELECT_RECEIPT                                                                             \
    "SELECT r.org_id, r.id, r.kind, r.subject, r.user_id, r.source, r.received_us, "               \
    "r.committed_us, r.answered_us, r.sockets, r.sessions, r.tokens, r.nodes, "                    \
    "CASE WHEN u.display_name = '' THEN u.user_name ELSE u.display_name END "                      \
    "FROM receipt r LEFT JOIN org_user u ON u.org_id = r.org_id AND u.id = r.user_id "

static const struct statement INSERT_RECEIPT = {
    "receipt.insert", TENANT,
    "INSERT INTO receipt (org_id, id, kind, subject, user_id, source, received_us, committed_us, "
    "sockets, sessions, tokens, nodes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, '[]')",
    NULL};

static const struct statement COMPLETE = {
    "receipt.complete", TENANT,
    "UPDATE receipt SET committed_us = $3, answered_us = $4, sockets = $5, nodes = $6 "
    "WHERE org_id = $1 AND id = $2 AND answered_us IS NULL",
    NULL};

static const struct statement FIND = {"receipt.find", TENANT,
                                      SELECT_RECEIPT "WHERE r.org_id = $1 AND r.id = $2", NULL};

static const struct statement PAGE = {
    "receipt.page", TENANT,
    SELECT_RECEIPT "WHERE r.org_id = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3", NULL};

static const struct statement PAGE_OF_USER = {
    "receipt.page_of_user", TENANT,
    SELECT_RECEIPT "WHERE r.org_id = $1 AND r.user_id = $2 AND r.id < $3 "
                   "ORDER BY r.id DESC LIMIT $4",
    NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT_RECEIPT, &COMPLETE, &FIND, &PAGE, &PAGE_OF_USER,
};
const struct statement_list RECEIPT_STATEMENTS = {STATEMENTS,
                                                  sizeof STATEMENTS / sizeof *STATEMENTS};

result receipt_open(struct scope *scope, struct tx *tx, const struct receipt *receipt) {
    return tx_send(scope, tx, &INSERT_RECEIPT,
                   VALUES(value_text(receipt->org_id), value_text(receipt->id),
                          value_text(str_from_c(revocation_kind_name(receipt->kind))),
                          value_text(receipt->subject), value_text_or_null(receipt->user_id),
                          value_text(str_from_c(source_name(receipt->source))),
                          value_number(receipt->received_us), value_number(receipt->committed_us),
                          value_number(receipt->sessions), value_number(receipt->tokens)),
                   NULL);
}

static struct str acks_to_json(struct scope *scope, const struct receipt_answer *answer) {
    struct json *nodes = json_new_array(scope->arena);
    for (size_t i = 0; i < answer->ack_count; i++) {
        const struct receipt_ack *ack = &answer->acks[i];
        struct json *node = json_new_object(scope->arena);
        json_set(scope->arena, node, STR("node"), json_new_string(scope->arena, ack->instance));
        json_set(scope->arena, node, STR("acknowledged_ms"),
                 ack->acknowledged_us < 0
                     ? json_new_null(scope->arena)
                     : json_new_real(scope->arena, (double) ack->acknowledged_us / 1000.0));
        json_append(scope->arena, nodes, node);
    }
    return json_write(scope->arena, nodes);
}

result receipt_complete(struct scope *scope, struct db *db, struct str org_id,
                        struct str receipt_id, const struct receipt_answer *answer) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct rows rows;
    TRY(tx_run(scope, tx, &COMPLETE,
               VALUES(value_text(org_id), value_text(receipt_id),
                      value_number(answer->committed_us), value_number(answer->answered_us),
                      value_number(answer->sockets), value_text(acks_to_json(scope, answer))),
               &rows));
    return tx_commit(scope, tx);
}

static result decode(struct scope *scope, const struct rows *rows, size_t row,
                     struct receipt *ret) {
    struct receipt receipt = {
        .org_id = rows_text(rows, row, 0),
        .id = rows_text(rows, row, 1),
        .subject = rows_text(rows, row, 3),
        .user_id = rows_text(rows, row, 4),
        .received_us = rows_number(rows, row, 6),
        .committed_us = rows_number(rows, row, 7),
        .answered_us = rows_number(rows, row, 8),
        .sockets = rows_number(rows, row, 9),
        .sessions = rows_number(rows, row, 10),
        .tokens = rows_number(rows, row, 11),
        .nodes = rows_text(rows, row, 12),
        .display_name = rows_text(rows, row, 13),
    };
    TRY(revocation_kind_parse(scope, rows_text(rows, row, 2), &receipt.kind));
    TRY(source_parse(scope, rows_text(rows, row, 5), &receipt.source));
    *ret = receipt;
    return OK_RESULT;
}

result receipt_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                    struct receipt *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "receipt.unknown");
    return decode(scope, &rows, 0, ret);
}

static result run_page(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                       int64_t limit, struct str before, struct rows *ret) {
    if (str_is_empty(user_id)) {
        return db_run(scope, db, &PAGE,
                      VALUES(value_text(org_id), value_text(before), value_number(limit)), ret);
    }
    return db_run(
        scope, db, &PAGE_OF_USER,
        VALUES(value_text(org_id), value_text(user_id), value_text(before), value_number(limit)),
        ret);
}

result receipt_list(struct scope *scope, struct db *db, struct str org_id, struct str user_id,
                    int64_t limit, struct str before, struct receipt_list *ret) {
    struct rows rows;
    const struct str from = str_is_empty(before) ? STR("z") : before; /* behind every UUID */
    TRY(run_page(scope, db, org_id, user_id, limit + 1, from, &rows));
    struct receipt_list list = {0};
    list.count = rows.count > (size_t) limit ? (size_t) limit : rows.count;
    list.receipts = NEW_ARRAY(scope->arena, list.count, struct receipt);
    for (size_t i = 0; i < list.count; i++) {
        TRY(decode(scope, &rows, i, &list.receipts[i]));
    }
    if (rows.count > list.count) {
        list.next_cursor = list.receipts[list.count - 1].id;
    }
    *ret = list;
    return OK_RESULT;
}
