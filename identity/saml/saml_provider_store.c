#include "identity/saml/saml_provider_store.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "identity/saml/saml_facts.h"

#define COLUMNS                                                                                    \
    "org_id, connection_id, origin, url, wanted_entity_id, signer, ca_pem, facts, pending, "       \
    "pending_hash, etag, fetched_us, good_us, next_us, hinted_us, failures, failure, version, "    \
    "changed_us"

static const struct statement PUT = {
    "saml_idp.put", TENANT,
    "INSERT INTO saml_idp (" COLUMNS ") "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL, $9, $10, $11, $12, 0, 0, '', 1, $13) "
    "ON CONFLICT (org_id, connection_id) DO UPDATE SET origin = excluded.origin, "
    "url = excluded.url, wanted_entity_id = excluded.wanted_entity_id, "
    "signer = excluded.signer, ca_pem = excluded.ca_pem, facts = excluded.facts, "
    "pending = NULL, pending_hash = NULL, etag = excluded.etag, fetched_us = excluded.fetched_us, "
    "good_us = excluded.good_us, next_us = excluded.next_us, failures = 0, failure = '', "
    "version = saml_idp.version + 1, changed_us = excluded.changed_us",
    NULL};
static const struct statement FIND = {
    "saml_idp.find", TENANT,
    "SELECT " COLUMNS " FROM saml_idp WHERE org_id = $1 AND connection_id = $2", NULL};
static const struct statement UPDATE = {
    "saml_idp.update", TENANT,
    "UPDATE saml_idp SET facts = $3, pending = $4, pending_hash = $5, etag = $6, fetched_us = $7, "
    "good_us = $8, next_us = $9, failures = $10, failure = $11, changed_us = $12, "
    "version = version + $13 "
    "WHERE org_id = $1 AND connection_id = $2 AND version = $14 RETURNING version",
    NULL};
static const struct statement HINT = {
    "saml_idp.hint", TENANT,
    "UPDATE saml_idp SET next_us = $3, hinted_us = $4 "
    "WHERE org_id = $1 AND connection_id = $2 AND origin = 'url' AND hinted_us <= $5",
    NULL};
static const struct statement IS_DUE = {
    "saml_idp.is_due", CROSS_TENANT,
    "SELECT 1 FROM saml_idp WHERE next_us > 0 AND next_us <= $1 LIMIT 1",
    "the scheduler looks for work of all organisations"};
/* The condition stands in the outer WHERE, too: PostgreSQL checks that one again after waiting for
 * a row. */
static const struct statement CLAIM_DUE = {
    "saml_idp.claim_due", CROSS_TENANT,
    "UPDATE saml_idp SET next_us = $1 WHERE next_us > 0 AND next_us <= $2 AND connection_id IN "
    "(SELECT connection_id FROM saml_idp WHERE next_us > 0 AND next_us <= $3 "
    "ORDER BY next_us, connection_id LIMIT $4) RETURNING org_id, connection_id",
    "the scheduler looks for work of all organisations"};
static const struct statement PAGE = {
    "saml_idp.page", CROSS_TENANT,
    "SELECT " COLUMNS " FROM saml_idp WHERE org_id > $1 OR (org_id = $2 AND connection_id > $3) "
    "ORDER BY org_id, connection_id LIMIT $4",
    "expiry alerts and the operator's doctor look at all organisations"};

static const struct statement *const STATEMENTS[] = {
    &PUT, &FIND, &UPDATE, &HINT, &IS_DUE, &CLAIM_DUE, &PAGE,
};
const struct statement_list SAML_PROVIDER_STATEMENTS = {STATEMENTS,
                                                        sizeof STATEMENTS / sizeof *STATEMENTS};

static const char *const ORIGINS[SAML_ORIGIN_COUNT] = {
    [SAML_ORIGIN_URL] = "url",
    [SAML_ORIGIN_UPLOAD] = "upload",
    [SAML_ORIGIN_MANUAL] = "manual",
};

const char *saml_origin_name(enum saml_origin origin) {
    return ORIGINS[origin];
}

result saml_provider_store_put(struct scope *scope, struct tx *tx,
                               const struct saml_provider *provider) {
    struct str facts;
    TRY(saml_facts_write(scope, &provider->facts, &facts));
    return tx_run(scope, tx, &PUT,
                  VALUES(value_text(provider->org_id), value_text(provider->connection_id),
                         value_text(str_from_c(saml_origin_name(provider->origin))),
                         value_text(provider->url), value_text(provider->wanted_entity_id),
                         value_text(base64_encode(scope->arena, provider->signer_der)),
                         value_text(provider->ca_pem), value_text(facts),
                         value_text(provider->etag), value_number(provider->fetched_us),
                         value_number(provider->good_us), value_number(provider->next_us),
                         value_number(provider->changed_us)),
                  NULL);
}

static result origin_of(struct scope *scope, struct str name, enum saml_origin *ret) {
    for (int i = 0; i < SAML_ORIGIN_COUNT; i++) {
        if (str_eq(name, str_from_c(ORIGINS[i]))) {
            *ret = (enum saml_origin) i;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INTERNAL, "saml.provider_row");
}

static result read_row(struct scope *scope, const struct rows *rows, size_t row,
                       struct saml_provider *ret) {
    struct saml_provider provider = {
        .org_id = rows_text(rows, row, 0),
        .connection_id = rows_text(rows, row, 1),
        .url = rows_text(rows, row, 3),
        .wanted_entity_id = rows_text(rows, row, 4),
        .ca_pem = rows_text(rows, row, 6),
        .has_pending = !rows_is_null(rows, row, 8),
        .pending_hash = rows_text(rows, row, 9),
        .etag = rows_text(rows, row, 10),
        .fetched_us = rows_number(rows, row, 11),
        .good_us = rows_number(rows, row, 12),
        .next_us = rows_number(rows, row, 13),
        .hinted_us = rows_number(rows, row, 14),
        .failures = rows_number(rows, row, 15),
        .failure = rows_text(rows, row, 16),
        .version = rows_number(rows, row, 17),
        .changed_us = rows_number(rows, row, 18),
    };
    TRY(origin_of(scope, rows_text(rows, row, 2), &provider.origin));
    REQUIRE(scope, is_ok(base64_decode(scope, rows_text(rows, row, 5), &provider.signer_der)),
            INTERNAL, "saml.provider_row");
    TRY(saml_facts_read(scope, rows_text(rows, row, 7), &provider.facts));
    if (provider.has_pending) {
        TRY(saml_facts_read(scope, rows_text(rows, row, 8), &provider.pending));
    }
    *ret = provider;
    return OK_RESULT;
}

result saml_provider_store_find(struct scope *scope, struct db *db, struct str org_id,
                                struct str connection_id, struct saml_provider *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(connection_id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "saml.no_provider");
    return read_row(scope, &rows, 0, ret);
}

result saml_provider_store_update(struct scope *scope, struct tx *tx,
                                  const struct saml_provider *provider, bool is_new_version) {
    struct rows rows;
    struct str facts;
    struct str pending = STR("");
    TRY(saml_facts_write(scope, &provider->facts, &facts));
    if (provider->has_pending) {
        TRY(saml_facts_write(scope, &provider->pending, &pending));
    }
    const struct str hash = provider->has_pending ? provider->pending_hash : STR("");
    TRY(tx_run(scope, tx, &UPDATE,
               VALUES(value_text(provider->org_id), value_text(provider->connection_id),
                      value_text(facts), value_text_or_null(pending), value_text_or_null(hash),
                      value_text(provider->etag), value_number(provider->fetched_us),
                      value_number(provider->good_us), value_number(provider->next_us),
                      value_number(provider->failures), value_text(provider->failure),
                      value_number(provider->changed_us), value_number(is_new_version ? 1 : 0),
                      value_number(provider->version)),
               &rows));
    REQUIRE(scope, rows.count == 1, CONFLICT, "saml.provider_changed");
    return OK_RESULT;
}

result saml_provider_store_hint(struct scope *scope, struct tx *tx, struct str org_id,
                                struct str connection_id, int64_t now_us, int64_t since_us) {
    return tx_run(scope, tx, &HINT,
                  VALUES(value_text(org_id), value_text(connection_id), value_number(now_us),
                         value_number(now_us), value_number(since_us)),
                  NULL);
}

result saml_provider_store_is_due(struct scope *scope, struct db *db, int64_t now_us, bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &IS_DUE, VALUES(value_number(now_us)), &rows));
    *ret = rows.count > 0;
    return OK_RESULT;
}

result saml_provider_store_claim_due(struct scope *scope, struct tx *tx, int64_t now_us,
                                     int64_t again_us, int64_t limit, struct saml_due **ret,
                                     size_t *ret_count) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CLAIM_DUE,
               VALUES(value_number(again_us), value_number(now_us), value_number(now_us),
                      value_number(limit)),
               &rows));
    struct saml_due *due = NEW_ARRAY(scope->arena, rows.count, struct saml_due);
    for (size_t i = 0; i < rows.count; i++) {
        due[i] = (struct saml_due){rows_text(&rows, i, 0), rows_text(&rows, i, 1)};
    }
    *ret = due;
    *ret_count = rows.count;
    return OK_RESULT;
}

result saml_provider_store_page(struct scope *scope, struct db *db, const struct saml_due *after,
                                int64_t limit, struct saml_provider **ret, size_t *ret_count) {
    struct rows rows;
    TRY(db_run(scope, db, &PAGE,
               VALUES(value_text(after->org_id), value_text(after->org_id),
                      value_text(after->connection_id), value_number(limit)),
               &rows));
    struct saml_provider *list = NEW_ARRAY(scope->arena, rows.count, struct saml_provider);
    for (size_t i = 0; i < rows.count; i++) {
        TRY(read_row(scope, &rows, i, &list[i]));
    }
    *ret = list;
    *ret_count = rows.count;
    return OK_RESULT;
}
