#include "messaging/org_store.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"

#define COLUMNS "org_id, slug, name, state, is_ownerless, created_us, changed_us"

static const struct statement INSERT_ORG = {
    "org.insert", TENANT,
    "INSERT INTO org (org_id, slug, name, state, is_ownerless, created_us, changed_us) "
    "VALUES ($1, $2, $3, $4, 0, $5, $6)",
    NULL};

static const struct statement INSERT_DPA = {
    "org.insert_dpa", TENANT,
    "INSERT INTO dpa_acceptance (org_id, id, version, language, signer_name, legal_name, user_id, "
    "accepted_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    NULL};

static const struct statement FIND = {"org.find", TENANT,
                                      "SELECT " COLUMNS " FROM org WHERE org_id = $1", NULL};

static const struct statement LIST = {"org.list", CROSS_TENANT,
                                      "SELECT " COLUMNS
                                      " FROM org WHERE org_id > $1 ORDER BY org_id LIMIT $2",
                                      "the operator's list of organisations"};

static const struct statement RENAME = {
    "org.rename", TENANT, "UPDATE org SET name = $2, changed_us = $3 WHERE org_id = $1", NULL};

static const struct statement FIRST_CREATOR = {
    "org.first_creator", TENANT,
    "SELECT id FROM org_user WHERE org_id = $1 AND role = 'creator' AND state = 'active' "
    "ORDER BY id LIMIT 1",
    NULL};

static const struct statement LOOKUP_INSERT = {
    "lookup.insert", INSTALLATION,
    "INSERT INTO lookup (kind, key, org_id, subject) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (kind, key) DO NOTHING",
    NULL};

static const struct statement LOOKUP_FIND = {
    "lookup.find", INSTALLATION, "SELECT org_id, subject FROM lookup WHERE kind = $1 AND key = $2",
    NULL};

static const struct statement LOOKUP_DELETE = {
    "lookup.delete", INSTALLATION,
    "DELETE FROM lookup WHERE kind = $1 AND key = $2 AND org_id = $3", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT_ORG,    &INSERT_DPA,    &FIND,        &LIST,          &RENAME,
    &FIRST_CREATOR, &LOOKUP_INSERT, &LOOKUP_FIND, &LOOKUP_DELETE,
};
const struct statement_list ORG_STATEMENTS = {STATEMENTS, sizeof STATEMENTS / sizeof *STATEMENTS};

static result decode(struct scope *scope, const struct rows *rows, size_t row, struct org *ret) {
    struct org org = {
        .id = rows_text(rows, row, 0),
        .slug = rows_text(rows, row, 1),
        .name = rows_text(rows, row, 2),
        .is_ownerless = rows_number(rows, row, 4) == 1,
        .created_us = rows_number(rows, row, 5),
        .changed_us = rows_number(rows, row, 6),
    };
    TRY(org_state_parse(scope, rows_text(rows, row, 3), &org.state));
    *ret = org;
    return OK_RESULT;
}

result org_store_insert(struct scope *scope, struct tx *tx, const struct org *org) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT_ORG,
                  VALUES(value_text(org->id), value_text(org->slug), value_text(org->name),
                         value_text(str_from_c(org_state_name(org->state))),
                         value_number(org->created_us), value_number(org->changed_us)),
                  &rows);
}

result org_store_insert_dpa(struct scope *scope, struct tx *tx, struct str org_id,
                            struct str user_id, const struct dpa *dpa) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT_DPA,
                  VALUES(value_text(org_id), value_text(uuid_v7(scope)), value_text(dpa->version),
                         value_text(dpa->language), value_text(dpa->signer_name),
                         value_text(dpa->legal_name), value_text(user_id),
                         value_number(clock_now_us(scope->env->clock))),
                  &rows);
}

result org_find(struct scope *scope, struct db *db, struct str org_id, struct org *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "org.unknown");
    return decode(scope, &rows, 0, ret);
}

result org_list(struct scope *scope, struct db *db, int64_t limit, struct str after,
                struct org_list *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &LIST, VALUES(value_text(after), value_number(limit + 1)), &rows));
    struct org_list list = {0};
    list.count = rows.count > (size_t) limit ? (size_t) limit : rows.count;
    list.orgs = NEW_ARRAY(scope->arena, list.count, struct org);
    for (size_t i = 0; i < list.count; i++) {
        TRY(decode(scope, &rows, i, &list.orgs[i]));
    }
    if (rows.count > list.count) {
        list.next_cursor = list.orgs[list.count - 1].id;
    }
    *ret = list;
    return OK_RESULT;
}

result org_store_rename(struct scope *scope, struct tx *tx, struct str org_id, struct str name) {
    struct rows rows;
    TRY(tx_run(
        scope, tx, &RENAME,
        VALUES(value_text(org_id), value_text(name), value_number(clock_now_us(scope->env->clock))),
        &rows));
    REQUIRE(scope, rows.changed == 1, NOT_FOUND, "org.unknown");
    return OK_RESULT;
}

result org_store_first_creator(struct scope *scope, struct db *db, struct str org_id,
                               struct str *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIRST_CREATOR, VALUES(value_text(org_id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "user.unknown");
    *ret = rows_text(&rows, 0, 0);
    return OK_RESULT;
}

static struct str lookup_kind_name(enum lookup_kind kind) {
    switch (kind) {
    case LOOKUP_SLUG: return STR("slug");
    case LOOKUP_DOMAIN: return STR("domain");
    case LOOKUP_CONNECTION: return STR("connection");
    }
    assert(false);
    return STR("");
}

result lookup_insert(struct scope *scope, struct tx *tx, enum lookup_kind kind, struct str key,
                     struct str org_id, struct str subject) {
    struct rows rows;
    TRY(tx_run(scope, tx, &LOOKUP_INSERT,
               VALUES(value_text(lookup_kind_name(kind)), value_text(key), value_text(org_id),
                      value_text(subject)),
               &rows));
    REQUIRE(scope, rows.changed == 1, CONFLICT, "lookup.taken");
    return OK_RESULT;
}

result lookup_find(struct scope *scope, struct db *db, enum lookup_kind kind, struct str key,
                   struct lookup *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &LOOKUP_FIND, VALUES(value_text(lookup_kind_name(kind)), value_text(key)),
               &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "lookup.unknown");
    *ret = (struct lookup){rows_text(&rows, 0, 0), rows_text(&rows, 0, 1)};
    return OK_RESULT;
}

result lookup_delete(struct scope *scope, struct tx *tx, enum lookup_kind kind, struct str key,
                     struct str org_id) {
    struct rows rows;
    return tx_run(scope, tx, &LOOKUP_DELETE,
                  VALUES(value_text(lookup_kind_name(kind)), value_text(key), value_text(org_id)),
                  &rows);
}
