#include "base/db.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/db_driver.h"

struct value rows_cell(const struct rows *rows, size_t row, size_t column) {
    assert(row < rows->count && column < rows->columns);
    return rows->cells[row * rows->columns + column];
}

struct str rows_text(const struct rows *rows, size_t row, size_t column) {
    const struct value cell = rows_cell(rows, row, column);
    assert(cell.kind != VALUE_NUMBER);
    return cell.text;
}

int64_t rows_number(const struct rows *rows, size_t row, size_t column) {
    const struct value cell = rows_cell(rows, row, column);
    assert(cell.kind != VALUE_TEXT);
    return cell.number;
}

bool rows_is_null(const struct rows *rows, size_t row, size_t column) {
    return rows_cell(rows, row, column).kind == VALUE_NULL;
}

/* One row per failure: the whole vocabulary of the database. */
result db_fail(struct scope *scope, enum db_error error) {
    switch (error) {
    case DB_UNIQUE: return FAIL(scope, CONFLICT, "db.unique");
    case DB_FOREIGN_KEY: return FAIL(scope, CONFLICT, "db.foreign_key");
    case DB_CHECK: return FAIL(scope, INVALID, "db.check");
    case DB_SERIALISATION: return FAIL(scope, UNAVAILABLE, "db.serialisation");
    case DB_TIMEOUT: return FAIL(scope, UNAVAILABLE, "db.timeout");
    case DB_BUSY: return FAIL(scope, UNAVAILABLE, "db.busy");
    case DB_DISK_FULL: return FAIL(scope, UNAVAILABLE, "db.disk_full");
    case DB_CORRUPT: return FAIL(scope, UNAVAILABLE, "db.corrupt");
    case DB_READ_ONLY: return FAIL(scope, UNAVAILABLE, "db.read_only");
    case DB_PERMISSION: return FAIL(scope, UNAVAILABLE, "db.permission");
    case DB_MISSING: return FAIL(scope, UNAVAILABLE, "db.missing");
    case DB_OPEN: return FAIL(scope, UNAVAILABLE, "db.open");
    case DB_TEXT: return FAIL(scope, INVALID, "db.text");
    case DB_UNAVAILABLE: return FAIL(scope, UNAVAILABLE, "db.unavailable");
    case DB_STATEMENT: return FAIL(scope, INTERNAL, "db.statement");
    case DB_WRITE_OUTSIDE_TX: return FAIL(scope, INTERNAL, "db.write_outside_tx");
    case DB_COMMIT_UNCERTAIN: return FAIL(scope, UNAVAILABLE, "db.commit_uncertain");
    }
    abort();
}

result store_open(struct scope *scope, const struct store_settings *settings, struct store **ret) {
    struct store_settings complete = *settings;
    if (complete.statement_timeout_us <= 0) {
        complete.statement_timeout_us = S_TO_US(10);
    }
    if (complete.connect_timeout_us <= 0) {
        complete.connect_timeout_us = S_TO_US(5);
    }
    if (str_has_prefix(complete.url, STR("sqlite:"))) {
        return sqlite_store_open(scope, &complete, ret);
    }
    REQUIRE(scope,
            str_has_prefix(complete.url, STR("postgresql://")) ||
                str_has_prefix(complete.url, STR("postgres://")),
            INVALID, "db.url");
    return postgres_store_open(scope, &complete, ret);
}

void store_close(struct store **store) {
    if (*store != NULL) {
        (*store)->driver->store_close(*store);
        *store = NULL;
    }
}

enum engine store_engine(const struct store *store) {
    return store->engine;
}

result store_lock(struct scope *scope, struct store *store) {
    return store->driver->store_lock(scope, store);
}

struct store_counts store_counts(struct store *store) {
    return store->driver->store_counts(store);
}

result db_open(struct scope *scope, struct store *store, struct db **ret) {
    struct db *db = NULL;
    TRY(store->driver->open(scope, store, &db));
    db->driver = store->driver;
    db->store = store;
    db->view = calloc(1, sizeof *db->view);
    if (db->view == NULL) {
        abort();
    }
    *db->view = (struct db){.driver = db->driver, .store = store, .owner = db};
    db->tx.db = db;
    *ret = db;
    return OK_RESULT;
}

void db_close(struct db **db) {
    if (*db == NULL) {
        return;
    }
    assert((*db)->owner == NULL && !(*db)->is_calling);
    if ((*db)->tx.state == TX_OPEN || (*db)->tx.state == TX_BROKEN) {
        (*db)->driver->rollback(*db);
    }
    free((*db)->view);
    (*db)->driver->close(*db);
    *db = NULL;
}

result db_tend(struct scope *scope, struct db *db) {
    assert(db->owner == NULL && db->tx.state != TX_OPEN && !db->is_calling);
    return db->driver->tend(scope, db);
}

enum engine db_engine(const struct db *db) {
    return db->store->engine;
}

void db_set_fault(struct db *db, struct db_fault *fault) {
    assert(db->owner == NULL);
    db->fault = fault;
    if (fault != NULL) {
        fault->seen = 0;
    }
}

static bool is_failing(struct db *db) {
    if (db->fault == NULL) {
        return false;
    }
    db->fault->seen++;
    return db->fault->seen == db->fault->fail_at;
}

/* PostgreSQL refuses a NUL and malformed UTF-8, SQLite would store them. */
static result check_values(struct scope *scope, struct values values) {
    for (size_t i = 0; i < values.count; i++) {
        const struct value *value = &values.at[i];
        if (value->kind == VALUE_TEXT &&
            (!str_is_utf8(value->text) || str_find_byte(value->text, '\0') >= 0)) {
            return db_fail(scope, DB_TEXT);
        }
    }
    return OK_RESULT;
}

result db_run(struct scope *scope, struct db *db, const struct statement *statement,
              struct values values, struct rows *ret) {
    if (db->owner != NULL) {
        return tx_run(scope, &db->owner->tx, statement, values, ret);
    }
    REQUIRE(scope, db->tx.state == TX_NONE, INTERNAL, "db.in_tx");
    REQUIRE(scope, !db->is_calling, INTERNAL, "db.in_call");
    if (is_failing(db)) {
        return db_fail(scope, DB_UNAVAILABLE);
    }
    TRY(check_values(scope, values));
    struct rows rows = {0};
    TRY(db->driver->read(scope, db, &(struct db_query){statement, values}, &rows));
    if (ret != NULL) {
        *ret = rows;
    }
    return OK_RESULT;
}

result tx_begin(struct scope *scope, struct db *db, enum lane lane, struct tx **ret) {
    REQUIRE(scope, db->owner == NULL && db->tx.state == TX_NONE, INTERNAL, "db.in_tx");
    REQUIRE(scope, !db->is_calling, INTERNAL, "db.in_call");
    if (is_failing(db)) {
        return db_fail(scope, DB_UNAVAILABLE);
    }
    TRY(db->driver->begin(scope, db, lane));
    db->tx.state = TX_OPEN;
    *ret = &db->tx;
    return OK_RESULT;
}

result tx_run(struct scope *scope, struct tx *tx, const struct statement *statement,
              struct values values, struct rows *ret) {
    REQUIRE(scope, tx->state == TX_OPEN, UNAVAILABLE, "db.tx_over");
    tx->state = TX_BROKEN;
    if (is_failing(tx->db)) {
        return db_fail(scope, DB_UNAVAILABLE);
    }
    TRY(check_values(scope, values));
    struct rows rows = {0};
    TRY(tx->db->driver->run(scope, tx->db, &(struct db_query){statement, values}, &rows));
    tx->state = TX_OPEN;
    if (ret != NULL) {
        *ret = rows;
    }
    return OK_RESULT;
}

result tx_send(struct scope *scope, struct tx *tx, const struct statement *statement,
               struct values values, const struct rows **ret) {
    REQUIRE(scope, tx->state == TX_OPEN, UNAVAILABLE, "db.tx_over");
    tx->state = TX_BROKEN;
    if (is_failing(tx->db)) {
        return db_fail(scope, DB_UNAVAILABLE);
    }
    TRY(check_values(scope, values));
    struct rows *rows = NEW(scope->arena, struct rows);
    TRY(tx->db->driver->send(scope, tx->db, &(struct db_query){statement, values}, rows));
    tx->state = TX_OPEN;
    if (ret != NULL) {
        *ret = rows;
    }
    return OK_RESULT;
}

result tx_settle(struct scope *scope, struct tx *tx) {
    REQUIRE(scope, tx->state == TX_OPEN, UNAVAILABLE, "db.tx_over");
    tx->state = TX_BROKEN;
    TRY(tx->db->driver->settle(scope, tx->db));
    tx->state = TX_OPEN;
    return OK_RESULT;
}

result tx_commit(struct scope *scope, struct tx *tx) {
    REQUIRE(scope, tx->state == TX_OPEN, UNAVAILABLE, "db.tx_over");
    const bool is_faulty = is_failing(tx->db);
    if (is_faulty && !tx->db->fault->is_after) {
        tx->state = TX_BROKEN;
        return db_fail(scope, DB_UNAVAILABLE);
    }
    tx->state = TX_DONE;
    TRY(tx->db->driver->commit(scope, tx->db));
    return is_faulty ? db_fail(scope, DB_COMMIT_UNCERTAIN) : OK_RESULT;
}

void tx_end(struct tx **tx) {
    if (*tx == NULL) {
        return;
    }
    if ((*tx)->state == TX_OPEN || (*tx)->state == TX_BROKEN) {
        (*tx)->db->driver->rollback((*tx)->db);
    }
    (*tx)->state = TX_NONE;
    *tx = NULL;
}

struct db *tx_db(struct tx *tx) {
    return tx->db->view;
}

result tx_migration_lock(struct scope *scope, struct tx *tx) {
    REQUIRE(scope, tx->state == TX_OPEN, UNAVAILABLE, "db.tx_over");
    tx->state = TX_BROKEN;
    TRY(tx->db->driver->migration_lock(scope, tx->db));
    tx->state = TX_OPEN;
    return OK_RESULT;
}

result db_call_begin(struct scope *scope, struct db *db, const struct db_step *steps, size_t count,
                     struct db_call **ret) {
    REQUIRE(scope, db->owner == NULL && db->tx.state == TX_NONE, INTERNAL, "db.in_tx");
    REQUIRE(scope, !db->is_calling, INTERNAL, "db.in_call");
    if (is_failing(db)) {
        return db_fail(scope, DB_UNAVAILABLE);
    }
    for (size_t i = 0; i < count; i++) {
        TRY(check_values(scope, steps[i].values));
    }
    struct db_call *call = NULL;
    TRY(db->driver->call_begin(scope, db, steps, count, &call));
    db->is_calling = true;
    *ret = call;
    return OK_RESULT;
}

int db_call_fd(const struct db_call *call) {
    return call->db->driver->call_fd(call);
}

short db_call_events(const struct db_call *call) {
    return call->db->driver->call_events(call);
}

result db_call_advance(struct scope *scope, struct db_call *call, bool *ret_is_done) {
    return call->db->driver->call_advance(scope, call, ret_is_done);
}

const struct rows *db_call_rows(const struct db_call *call, size_t step) {
    assert(step < call->count);
    return &call->rows[step];
}

void db_call_end(struct db_call **call) {
    if (*call == NULL) {
        return;
    }
    struct db *db = (*call)->db;
    db->driver->call_end(*call);
    db->is_calling = false;
    *call = NULL;
}
