#include "identity/connection_store.h"

#include "base/arena.h"

#define COLUMNS                                                                                    \
    "org_id, id, kind, name, state, config, secret_sealed, client_key_sealed, version, "           \
    "tested_us, created_us, changed_us"

static const struct statement INSERT = {
    "connection.insert", TENANT,
    "INSERT INTO connection (" COLUMNS ") "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    NULL};
static const struct statement COUNT = {"connection.count", TENANT,
                                       "SELECT count(*) FROM connection WHERE org_id = $1", NULL};
static const struct statement FIND = {
    "connection.find", TENANT, "SELECT " COLUMNS " FROM connection WHERE org_id = $1 AND id = $2",
    NULL};
static const struct statement LIST = {
    "connection.list", TENANT,
    "SELECT " COLUMNS " FROM connection WHERE org_id = $1 ORDER BY id LIMIT 64", NULL};
static const struct statement UPDATE = {
    "connection.update", TENANT,
    "UPDATE connection SET name = $3, state = $4, config = $5, secret_sealed = $6, "
    "client_key_sealed = $7, version = version + 1, tested_us = $8, changed_us = $9 "
    "WHERE org_id = $1 AND id = $2 AND version = $10 RETURNING version",
    NULL};
static const struct statement SET_STATE = {
    "connection.set_state", TENANT,
    "UPDATE connection SET state = $3, tested_us = $4 "
    "WHERE org_id = $1 AND id = $2 AND version = $5 RETURNING version",
    NULL};
/* Shared, so that sign-ins do not wait for each other, only for who changes the connection. */
static const struct statement GUARD = {
    "connection.guard", TENANT,
    "SELECT 1 FROM connection WHERE org_id = $1 AND id = $2 AND state = 'enabled' "
    "AND version = $3 FOR SHARE",
    NULL};
static const struct statement DELETE_ONE = {
    "connection.delete", TENANT,
    "DELETE FROM connection WHERE org_id = $1 AND id = $2 RETURNING id", NULL};
static const struct statement DELETE_SESSIONS = {
    "connection.delete_sessions", TENANT,
    "DELETE FROM session WHERE org_id = $1 AND connection_id = $2", NULL};
static const struct statement DELETE_TOKENS = {
    "connection.delete_tokens", TENANT,
    "DELETE FROM api_token WHERE org_id = $1 AND connection_id = $2", NULL};

static const struct statement *const STATEMENTS[] = {
    &INSERT,     &COUNT,           &FIND,          &LIST, &UPDATE, &SET_STATE, &GUARD,
    &DELETE_ONE, &DELETE_SESSIONS, &DELETE_TOKENS,
};
const struct statement_list CONNECTION_STATEMENTS = {STATEMENTS,
                                                     sizeof STATEMENTS / sizeof STATEMENTS[0]};

result connection_store_insert(struct scope *scope, struct tx *tx,
                               const struct connection *connection, struct str config) {
    struct rows rows;
    return tx_run(scope, tx, &INSERT,
                  VALUES(value_text(connection->org_id), value_text(connection->id),
                         value_text(str_from_c(connection_kind_name(connection->kind))),
                         value_text(connection->name),
                         value_text(str_from_c(connection_state_name(connection->state))),
                         value_text(config), value_text_or_null(connection->secret_sealed),
                         value_text_or_null(connection->client_key_sealed),
                         value_number(connection->version), value_number(connection->tested_us),
                         value_number(connection->created_us),
                         value_number(connection->changed_us)),
                  &rows);
}

result connection_store_count(struct scope *scope, struct db *db, struct str org_id, int64_t *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &COUNT, VALUES(value_text(org_id)), &rows));
    *ret = rows_number(&rows, 0, 0);
    return OK_RESULT;
}

/* What we do not know was written by a newer version: never guessed. */
static result kind_of(struct scope *scope, struct str name, enum connection_kind *ret) {
    for (int kind = 0; kind < CONNECTION_KIND_COUNT; kind++) {
        if (str_eq(name, str_from_c(connection_kind_name((enum connection_kind) kind)))) {
            *ret = (enum connection_kind) kind;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INTERNAL, "connection.row");
}

static result state_of(struct scope *scope, struct str name, enum connection_state *ret) {
    for (int state = 0; state < CONNECTION_STATE_COUNT; state++) {
        if (str_eq(name, str_from_c(connection_state_name((enum connection_state) state)))) {
            *ret = (enum connection_state) state;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INTERNAL, "connection.row");
}

static result read_row(struct scope *scope, const struct rows *rows, size_t row,
                       struct connection *ret, struct str *ret_config) {
    struct connection connection = {
        .org_id = rows_text(rows, row, 0),
        .id = rows_text(rows, row, 1),
        .name = rows_text(rows, row, 3),
        .secret_sealed = rows_text(rows, row, 6),
        .client_key_sealed = rows_text(rows, row, 7),
        .version = rows_number(rows, row, 8),
        .tested_us = rows_number(rows, row, 9),
        .created_us = rows_number(rows, row, 10),
        .changed_us = rows_number(rows, row, 11),
    };
    TRY(kind_of(scope, rows_text(rows, row, 2), &connection.kind));
    TRY(state_of(scope, rows_text(rows, row, 4), &connection.state));
    *ret = connection;
    *ret_config = rows_text(rows, row, 5);
    return OK_RESULT;
}

result connection_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                             struct connection *ret, struct str *ret_config) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "connection.unknown");
    return read_row(scope, &rows, 0, ret, ret_config);
}

result connection_store_list(struct scope *scope, struct db *db, struct str org_id,
                             struct connection_row **ret, size_t *ret_count) {
    struct rows rows;
    TRY(db_run(scope, db, &LIST, VALUES(value_text(org_id)), &rows));
    struct connection_row *list = NEW_ARRAY(scope->arena, rows.count, struct connection_row);
    for (size_t i = 0; i < rows.count; i++) {
        TRY(read_row(scope, &rows, i, &list[i].connection, &list[i].config));
    }
    *ret = list;
    *ret_count = rows.count;
    return OK_RESULT;
}

result connection_store_update(struct scope *scope, struct tx *tx,
                               const struct connection *connection, struct str config) {
    struct rows rows;
    TRY(tx_run(scope, tx, &UPDATE,
               VALUES(value_text(connection->org_id), value_text(connection->id),
                      value_text(connection->name),
                      value_text(str_from_c(connection_state_name(connection->state))),
                      value_text(config), value_text_or_null(connection->secret_sealed),
                      value_text_or_null(connection->client_key_sealed),
                      value_number(connection->tested_us), value_number(connection->changed_us),
                      value_number(connection->version)),
               &rows));
    REQUIRE(scope, rows.count == 1, CONFLICT, "connection.changed");
    return OK_RESULT;
}

result connection_store_set_state(struct scope *scope, struct tx *tx,
                                  const struct connection *connection, enum connection_state state,
                                  int64_t tested_us) {
    struct rows rows;
    TRY(tx_run(scope, tx, &SET_STATE,
               VALUES(value_text(connection->org_id), value_text(connection->id),
                      value_text(str_from_c(connection_state_name(state))), value_number(tested_us),
                      value_number(connection->version)),
               &rows));
    REQUIRE(scope, rows.count == 1, CONFLICT, "connection.changed");
    return OK_RESULT;
}

result connection_guard(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                        int64_t version) {
    struct rows rows;
    TRY(tx_run(scope, tx, &GUARD, VALUES(value_text(org_id), value_text(id), value_number(version)),
               &rows));
    REQUIRE(scope, rows.count == 1, CONFLICT, "connection.closed");
    return OK_RESULT;
}

result connection_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str id) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DELETE_ONE, VALUES(value_text(org_id), value_text(id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "connection.unknown");
    return OK_RESULT;
}

result connection_store_end_credentials(struct scope *scope, struct tx *tx, struct str org_id,
                                        struct str id, int64_t *ret_sessions, int64_t *ret_tokens) {
    struct rows sessions;
    struct rows tokens;
    TRY(tx_run(scope, tx, &DELETE_SESSIONS, VALUES(value_text(org_id), value_text(id)), &sessions));
    TRY(tx_run(scope, tx, &DELETE_TOKENS, VALUES(value_text(org_id), value_text(id)), &tokens));
    *ret_sessions = sessions.changed;
    *ret_tokens = tokens.changed;
    return OK_RESULT;
}
