#include "identity/domain_store.h"

#include "base/arena.h"

#define COLUMNS "org_id, domain, connection_id, challenge, verified_us, created_us"

static const struct statement INSERT = {"domain.insert", TENANT,
                                        "INSERT INTO domain (" COLUMNS
                                        ") VALUES ($1, $2, $3, $4, $5, $6) "
                                        "ON CONFLICT (org_id, domain) DO NOTHING",
                                        NULL};
static const struct statement CLAIM = {
    "domain.claim", TENANT,
    "INSERT INTO domain (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6) "
    "ON CONFLICT (org_id, domain) DO UPDATE SET connection_id = excluded.connection_id",
    NULL};
static const struct statement COUNT = {"domain.count", TENANT,
                                       "SELECT count(*) FROM domain WHERE org_id = $1", NULL};
static const struct statement FIND = {
    "domain.find", TENANT, "SELECT " COLUMNS " FROM domain WHERE org_id = $1 AND domain = $2",
    NULL};
static const struct statement LIST = {
    "domain.list", TENANT,
    "SELECT " COLUMNS " FROM domain WHERE org_id = $1 ORDER BY domain LIMIT 200", NULL};
static const struct statement SET_VERIFIED = {
    "domain.set_verified", TENANT,
    "UPDATE domain SET verified_us = $3 WHERE org_id = $1 AND domain = $2 AND challenge = $4 "
    "RETURNING domain",
    NULL};
static const struct statement DELETE_ONE = {
    "domain.delete", TENANT,
    "DELETE FROM domain WHERE org_id = $1 AND domain = $2 RETURNING domain", NULL};
static const struct statement RELEASE = {
    "domain.release", TENANT,
    "UPDATE domain SET connection_id = NULL WHERE org_id = $1 AND connection_id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT, &CLAIM, &COUNT, &FIND, &LIST, &SET_VERIFIED, &DELETE_ONE, &RELEASE,
};
const struct statement_list DOMAIN_STATEMENTS = {STATEMENTS,
                                                 sizeof STATEMENTS / sizeof STATEMENTS[0]};

static result insert(struct scope *scope, struct tx *tx, const struct statement *statement,
                     const struct domain *domain, int64_t *ret_changed) {
    struct rows rows;
    TRY(tx_run(scope, tx, statement,
               VALUES(value_text(domain->org_id), value_text(domain->name),
                      value_text_or_null(domain->connection_id), value_text(domain->challenge),
                      value_number(domain->verified_us), value_number(domain->created_us)),
               &rows));
    *ret_changed = rows.changed;
    return OK_RESULT;
}

result domain_store_insert(struct scope *scope, struct tx *tx, const struct domain *domain) {
    int64_t changed = 0;
    TRY(insert(scope, tx, &INSERT, domain, &changed));
    REQUIRE(scope, changed == 1, CONFLICT, "domain.exists");
    return OK_RESULT;
}

result domain_store_claim(struct scope *scope, struct tx *tx, const struct domain *domain) {
    int64_t changed = 0;
    return insert(scope, tx, &CLAIM, domain, &changed);
}

result domain_store_count(struct scope *scope, struct db *db, struct str org_id, int64_t *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &COUNT, VALUES(value_text(org_id)), &rows));
    *ret = rows_number(&rows, 0, 0);
    return OK_RESULT;
}

static struct domain read_row(const struct rows *rows, size_t row) {
    return (struct domain){
        .org_id = rows_text(rows, row, 0),
        .name = rows_text(rows, row, 1),
        .connection_id = rows_text(rows, row, 2),
        .challenge = rows_text(rows, row, 3),
        .verified_us = rows_number(rows, row, 4),
        .created_us = rows_number(rows, row, 5),
    };
}

result domain_store_find(struct scope *scope, struct db *db, struct str org_id, struct str name,
                         struct domain *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(name)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "domain.unknown");
    *ret = read_row(&rows, 0);
    return OK_RESULT;
}

result domain_store_list(struct scope *scope, struct db *db, struct str org_id,
                         struct domain_list *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &LIST, VALUES(value_text(org_id)), &rows));
    struct domain *domains = NEW_ARRAY(scope->arena, rows.count, struct domain);
    for (size_t i = 0; i < rows.count; i++) {
        domains[i] = read_row(&rows, i);
    }
    *ret = (struct domain_list){rows.count, domains};
    return OK_RESULT;
}

result domain_store_set_verified(struct scope *scope, struct tx *tx, const struct domain *domain) {
    struct rows rows;
    TRY(tx_run(scope, tx, &SET_VERIFIED,
               VALUES(value_text(domain->org_id), value_text(domain->name),
                      value_number(domain->verified_us), value_text(domain->challenge)),
               &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "domain.unknown");
    return OK_RESULT;
}

result domain_store_delete(struct scope *scope, struct tx *tx, struct str org_id, struct str name) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DELETE_ONE, VALUES(value_text(org_id), value_text(name)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "domain.unknown");
    return OK_RESULT;
}

result domain_store_release(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str connection_id) {
    struct rows rows;
    return tx_run(scope, tx, &RELEASE, VALUES(value_text(org_id), value_text(connection_id)),
                  &rows);
}
