#include "identity/saml/saml_logout_store.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "identity/saml/saml_reason.h"

static const struct statement INSERT = {
    "saml_logout.insert", TENANT,
    "INSERT INTO saml_logout (org_id, connection_id, request_id, ticket_hash, session_id, user_id, "
    "session_index, name_id_sealed, is_sent, expires_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9)",
    NULL};
static const struct statement FIND_TICKET = {
    "saml_logout.find_ticket", TENANT,
    "SELECT request_id, session_id, user_id, session_index, name_id_sealed, expires_us "
    "FROM saml_logout WHERE org_id = $1 AND connection_id = $2 AND ticket_hash = $3 "
    "AND is_sent = 0 AND expires_us > $4",
    NULL};
static const struct statement TAKE_TICKET = {
    "saml_logout.take_ticket", TENANT,
    "UPDATE saml_logout SET is_sent = 1, name_id_sealed = '' WHERE org_id = $1 "
    "AND connection_id = $2 AND ticket_hash = $3 AND is_sent = 0",
    NULL};
static const struct statement TAKE_ANSWERED = {
    "saml_logout.take_answered", TENANT,
    "DELETE FROM saml_logout WHERE org_id = $1 AND connection_id = $2 AND request_id = $3 "
    "AND is_sent = 1 AND expires_us > $4",
    NULL};
static const struct statement LOCK = {
    "saml_logout.lock", TENANT,
    "UPDATE connection SET version = version WHERE org_id = $1 AND id = $2", NULL};
static const struct statement NOTE = {
    "saml_logged_out.note", TENANT,
    "INSERT INTO saml_logged_out (org_id, connection_id, subject_hash, session_index, issued_us, "
    "until_us) VALUES ($1, $2, $3, $4, $5, $6) "
    "ON CONFLICT (org_id, connection_id, subject_hash, session_index) DO UPDATE "
    "SET issued_us = excluded.issued_us, until_us = excluded.until_us "
    "WHERE excluded.issued_us > saml_logged_out.issued_us",
    NULL};
static const struct statement CHECK = {
    "saml_logged_out.check", TENANT,
    "SELECT 1 FROM saml_logged_out WHERE org_id = $1 AND connection_id = $2 AND subject_hash = $3 "
    "AND session_index IN ('', $4) AND issued_us >= $5 LIMIT 1",
    NULL};
static const struct statement SWEEP_OPEN = {
    "saml_logout.sweep", CROSS_TENANT, "DELETE FROM saml_logout WHERE expires_us < $1",
    "requests of all organisations whose answer would come too late"};
static const struct statement SWEEP_LOGGED_OUT = {
    "saml_logged_out.sweep", CROSS_TENANT, "DELETE FROM saml_logged_out WHERE until_us < $1",
    "of all organisations; assertions from before then are refused for their age"};

static const struct statement *const STATEMENTS[] = {
    &INSERT, &FIND_TICKET, &TAKE_TICKET, &TAKE_ANSWERED,    &LOCK,
    &NOTE,   &CHECK,       &SWEEP_OPEN,  &SWEEP_LOGGED_OUT,
};
const struct statement_list SAML_LOGOUT_STATEMENTS = {STATEMENTS,
                                                      sizeof STATEMENTS / sizeof STATEMENTS[0]};

result saml_logout_insert(struct scope *scope, struct tx *tx, const struct saml_open_logout *open) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT,
                  VALUES(value_text(open->org_id), value_text(open->connection_id),
                         value_text(open->request_id), value_text(open->ticket_hash),
                         value_text(open->session_id), value_text(open->user_id),
                         value_text(open->session_index), value_text(open->name_id_sealed),
                         value_number(open->expires_us)),
                  &rows);
}

result saml_logout_take_ticket(struct scope *scope, struct tx *tx,
                               const struct saml_open_logout *wanted,
                               struct saml_open_logout *ret) {
    struct rows found;
    struct rows taken;
    TRY(tx_run(scope, tx, &FIND_TICKET,
               VALUES(value_text(wanted->org_id), value_text(wanted->connection_id),
                      value_text(wanted->ticket_hash),
                      value_number(clock_now_us(scope->env->clock))),
               &found));
    REQUIRE(scope, found.count == 1, NOT_FOUND, "saml.logout_ticket");
    TRY(tx_run(scope, tx, &TAKE_TICKET,
               VALUES(value_text(wanted->org_id), value_text(wanted->connection_id),
                      value_text(wanted->ticket_hash)),
               &taken));
    REQUIRE(scope, taken.changed == 1, NOT_FOUND, "saml.logout_ticket");
    *ret = (struct saml_open_logout){
        .org_id = wanted->org_id,
        .connection_id = wanted->connection_id,
        .ticket_hash = wanted->ticket_hash,
        .request_id = rows_text(&found, 0, 0),
        .session_id = rows_text(&found, 0, 1),
        .user_id = rows_text(&found, 0, 2),
        .session_index = rows_text(&found, 0, 3),
        .name_id_sealed = rows_text(&found, 0, 4),
        .expires_us = rows_number(&found, 0, 5),
    };
    return OK_RESULT;
}

result saml_logout_take_answered(struct scope *scope, struct tx *tx, struct str org_id,
                                 struct str connection_id, struct str request_id) {
    struct rows rows;
    TRY(tx_run(scope, tx, &TAKE_ANSWERED,
               VALUES(value_text(org_id), value_text(connection_id), value_text(request_id),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    SAML_REQUIRE(scope, rows.changed == 1, SAML_IN_RESPONSE_TO);
    return OK_RESULT;
}

result saml_logout_lock(struct scope *scope, struct tx *tx, struct str org_id,
                        struct str connection_id) {
    struct rows rows;
    TRY(tx_run(scope, tx, &LOCK, VALUES(value_text(org_id), value_text(connection_id)), &rows));
    REQUIRE(scope, rows.changed == 1, NOT_FOUND, "connection.unknown");
    return OK_RESULT;
}

result saml_logged_out_note(struct scope *scope, struct tx *tx,
                            const struct saml_logged_out *logged_out) {
    struct rows rows;
    return tx_run(scope, tx, &NOTE,
                  VALUES(value_text(logged_out->org_id), value_text(logged_out->connection_id),
                         value_text(sha256_text(scope->arena, logged_out->subject)),
                         value_text(logged_out->session_index), value_number(logged_out->issued_us),
                         value_number(logged_out->until_us)),
                  &rows);
}

result saml_logged_out_check(struct scope *scope, struct tx *tx,
                             const struct saml_logged_out *signed_in) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CHECK,
               VALUES(value_text(signed_in->org_id), value_text(signed_in->connection_id),
                      value_text(sha256_text(scope->arena, signed_in->subject)),
                      value_text(signed_in->session_index), value_number(signed_in->issued_us)),
               &rows));
    SAML_REQUIRE(scope, rows.count == 0, SAML_LOGGED_OUT);
    return OK_RESULT;
}

result saml_logout_sweep(struct scope *scope, struct db *db) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    AUTO(tx_end) struct tx *tx = NULL;
    struct rows rows;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(tx_run(scope, tx, &SWEEP_OPEN, VALUES(value_number(now_us)), &rows));
    TRY(tx_run(scope, tx, &SWEEP_LOGGED_OUT, VALUES(value_number(now_us)), &rows));
    return tx_commit(scope, tx);
}
