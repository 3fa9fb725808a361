#include "identity/saml/saml_key_store.h"

#include "base/arena.h"
#include "base/base64url.h"

#define COLUMNS                                                                                    \
    "org_id, connection_id, id, purpose, slot, state, certificate, fingerprint, key_sealed, "      \
    "not_before_us, not_after_us, created_us, changed_us"

static const struct statement INSERT_KEY = {
    "saml_key.insert", TENANT,
    "INSERT INTO saml_key (" COLUMNS ") "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    NULL};
static const struct statement LIST = {
    "saml_key.list", TENANT,
    "SELECT " COLUMNS " FROM saml_key WHERE org_id = $1 AND connection_id = $2 "
    "ORDER BY CASE WHEN state = 'active' THEN 0 ELSE 1 END, purpose DESC, id LIMIT $3",
    NULL};
static const struct statement RETIRE = {
    "saml_key.retire", TENANT,
    "UPDATE saml_key SET state = 'retiring', changed_us = $4 "
    "WHERE org_id = $1 AND connection_id = $2 AND purpose = $3 AND state = 'active'",
    NULL};
static const struct statement ACTIVATE = {"saml_key.activate", TENANT,
                                          "UPDATE saml_key SET state = 'active', changed_us = $4 "
                                          "WHERE org_id = $1 AND connection_id = $2 AND id = $3",
                                          NULL};
static const struct statement DROP_KEY = {
    "saml_key.drop", TENANT,
    "DELETE FROM saml_key "
    "WHERE org_id = $1 AND connection_id = $2 AND id = $3 AND state <> 'active'",
    NULL};
static const struct statement EXPIRING = {
    "saml_key.expiring", CROSS_TENANT,
    "SELECT " COLUMNS " FROM saml_key WHERE not_after_us < $1 "
    "AND (org_id, connection_id, id) > ($2, $3, $4) ORDER BY org_id, connection_id, id LIMIT $5",
    "expiry alerts and the operator's doctor look at all organisations"};

static const struct statement *const STATEMENTS[] = {
    &INSERT_KEY, &LIST, &RETIRE, &ACTIVATE, &DROP_KEY, &EXPIRING,
};
const struct statement_list SAML_KEY_STATEMENTS = {STATEMENTS,
                                                   sizeof STATEMENTS / sizeof *STATEMENTS};

result saml_key_store_insert(struct scope *scope, struct tx *tx, const struct saml_own_key *key) {
    const struct str certificate =
        base64url_encode(scope->arena, key->certificate_der.at, key->certificate_der.len);
    return tx_run(
        scope, tx, &INSERT_KEY,
        VALUES(value_text(key->org_id), value_text(key->connection_id), value_text(key->id),
               value_text(str_from_c(saml_key_use_name(key->use))), value_number(key->slot),
               value_text(str_from_c(saml_key_state_name(key->state))), value_text(certificate),
               value_text(key->fingerprint), value_text(key->key_sealed),
               value_number(key->not_before_us), value_number(key->not_after_us),
               value_number(key->created_us), value_number(key->changed_us)),
        NULL);
}

static result state_of(struct scope *scope, struct str text, enum saml_key_state *ret) {
    for (int i = 0; i < SAML_KEY_STATE_COUNT; i++) {
        if (str_eq(text, str_from_c(saml_key_state_name((enum saml_key_state) i)))) {
            *ret = (enum saml_key_state) i;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INTERNAL, "saml.key_row");
}

static result read_row(struct scope *scope, const struct rows *rows, size_t row,
                       struct saml_own_key *ret) {
    struct saml_own_key key = {
        .org_id = rows_text(rows, row, 0),
        .connection_id = rows_text(rows, row, 1),
        .id = rows_text(rows, row, 2),
        .slot = rows_number(rows, row, 4),
        .fingerprint = rows_text(rows, row, 7),
        .key_sealed = rows_text(rows, row, 8),
        .not_before_us = rows_number(rows, row, 9),
        .not_after_us = rows_number(rows, row, 10),
        .created_us = rows_number(rows, row, 11),
        .changed_us = rows_number(rows, row, 12),
    };
    TRY(state_of(scope, rows_text(rows, row, 5), &key.state));
    REQUIRE(scope,
            is_ok(saml_key_use_parse(scope, rows_text(rows, row, 3), &key.use)) &&
                is_ok(base64url_decode(scope, rows_text(rows, row, 6), &key.certificate_der)),
            INTERNAL, "saml.key_row");
    *ret = key;
    return OK_RESULT;
}

result saml_key_store_list(struct scope *scope, struct db *db, struct str org_id,
                           struct str connection_id, struct saml_own_keys *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &LIST,
               VALUES(value_text(org_id), value_text(connection_id), value_number(SAML_KEYS_MAX)),
               &rows));
    struct saml_own_keys *keys = NEW(scope->arena, struct saml_own_keys);
    for (size_t i = 0; i < rows.count; i++) {
        TRY(read_row(scope, &rows, i, &keys->keys[i]));
    }
    keys->count = rows.count;
    *ret = *keys;
    return OK_RESULT;
}

result saml_key_store_retire(struct scope *scope, struct tx *tx, const struct saml_own_key *next,
                             int64_t now_us) {
    return tx_run(scope, tx, &RETIRE,
                  VALUES(value_text(next->org_id), value_text(next->connection_id),
                         value_text(str_from_c(saml_key_use_name(next->use))),
                         value_number(now_us)),
                  NULL);
}

result saml_key_store_activate(struct scope *scope, struct tx *tx, const struct saml_own_key *key,
                               int64_t now_us, bool *ret_is_changed) {
    struct rows rows;
    TRY(tx_run(scope, tx, &ACTIVATE,
               VALUES(value_text(key->org_id), value_text(key->connection_id), value_text(key->id),
                      value_number(now_us)),
               &rows));
    *ret_is_changed = rows.changed == 1;
    return OK_RESULT;
}

result saml_key_store_drop(struct scope *scope, struct tx *tx, struct str org_id,
                           struct str connection_id, struct str id, bool *ret_is_dropped) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DROP_KEY,
               VALUES(value_text(org_id), value_text(connection_id), value_text(id)), &rows));
    *ret_is_dropped = rows.changed == 1;
    return OK_RESULT;
}

result saml_key_store_expiring(struct scope *scope, struct db *db, int64_t before_us,
                               const struct saml_own_key *after, struct saml_own_key **ret,
                               size_t *ret_count) {
    static const struct saml_own_key FIRST = {
        .org_id = STR_INIT(""), .connection_id = STR_INIT(""), .id = STR_INIT("")};
    const struct saml_own_key *from = after == NULL ? &FIRST : after;
    struct rows rows;
    TRY(db_run(scope, db, &EXPIRING,
               VALUES(value_number(before_us), value_text(from->org_id),
                      value_text(from->connection_id), value_text(from->id),
                      value_number(SAML_KEY_PAGE)),
               &rows));
    struct saml_own_key *keys = NEW_ARRAY(scope->arena, rows.count, struct saml_own_key);
    for (size_t i = 0; i < rows.count; i++) {
        TRY(read_row(scope, &rows, i, &keys[i]));
    }
    *ret = keys;
    *ret_count = rows.count;
    return OK_RESULT;
}
