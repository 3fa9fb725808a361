#include "base/db_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static struct postgres_db *own(struct db *db) {
    return (struct postgres_db *) (void *) db;
}

static void store_free(struct store *base) {
    struct postgres_store *store = (struct postgres_store *) (void *) base;
    explicit_bzero(store->url, strlen(store->url)); /* may hold a password */
    free(store->url);
    free(store);
}

static result no_lock(struct scope *scope, struct store *store) {
    (void) scope;
    (void) store;
    return OK_RESULT;
}

static struct store_counts no_counts(struct store *store) {
    (void) store;
    return (struct store_counts){0, 0, 0};
}

static void connection_close(struct db *db) {
    postgres_disconnect(own(db));
    free(db);
}

static result connection_open(struct scope *scope, struct store *store, struct db **ret) {
    struct postgres_db *db = calloc(1, sizeof *db);
    if (db == NULL) {
        abort();
    }
    db->db.store = store;
    const result r = postgres_connect(scope, db);
    if (!is_ok(r)) {
        connection_close(&db->db);
        return r;
    }
    *ret = &db->db;
    return OK_RESULT;
}

static result no_tending(struct scope *scope, struct db *db) {
    (void) scope;
    (void) db;
    return OK_RESULT;
}

/* In use the cause of a failed connect does not matter. */
static result reconnect(struct scope *scope, struct postgres_db *db) {
    return is_ok(postgres_connect(scope, db)) ? OK_RESULT : db_fail(scope, DB_UNAVAILABLE);
}

/* Lost just now, though it had worked: the server may have been restarted since, so a new
 * connection deserves one try. */
static bool is_stale(const struct postgres_db *db, bool was_proven) {
    return was_proven && db->phase == POSTGRES_CLOSED && db->error == DB_UNAVAILABLE;
}

static result read_failure(struct scope *scope, const struct postgres_db *db, result failure) {
    return db->error == DB_READ_ONLY ? db_fail(scope, DB_WRITE_OUTSIDE_TX) : failure;
}

static result read_once(struct scope *scope, struct postgres_db *db, const struct db_query *query,
                        struct rows *ret) {
    TRY(reconnect(scope, db));
    db->error = DB_STATEMENT;
    const result r = postgres_query(scope, db, query, ret);
    return is_ok(r) ? r : read_failure(scope, db, r);
}

static result postgres_read(struct scope *scope, struct db *base, const struct db_query *query,
                            struct rows *ret) {
    struct postgres_db *db = own(base);
    const bool was_proven = db->is_proven;
    const result r = read_once(scope, db, query, ret);
    return !is_ok(r) && is_stale(db, was_proven) ? read_once(scope, db, query, ret) : r;
}

static result begin_once(struct scope *scope, struct postgres_db *db) {
    TRY(reconnect(scope, db));
    db->is_unlimited = false;
    AUTO(postgres_result_clear) PGresult *answer = NULL;
    char sql[128];
    (void) snprintf(sql, sizeof sql, "%s;%s", POSTGRES_BEGIN, POSTGRES_DURABLE);
    if (postgres_command(db, sql, &answer)) {
        return OK_RESULT;
    }
    if (db->connection != NULL && PQtransactionStatus(db->connection) != PQTRANS_IDLE) {
        const enum db_error error = db->error;
        postgres_disconnect(db);
        db->error = error;
    }
    return db_fail(scope, db->error);
}

static result postgres_begin(struct scope *scope, struct db *base, enum lane lane) {
    (void) lane; /* connections are reserved for it above */
    struct postgres_db *db = own(base);
    const bool was_proven = db->is_proven;
    const result r = begin_once(scope, db);
    return !is_ok(r) && is_stale(db, was_proven) ? begin_once(scope, db) : r;
}

static result postgres_run(struct scope *scope, struct db *base, const struct db_query *query,
                           struct rows *ret) {
    struct postgres_db *db = own(base);
    if (db->phase != POSTGRES_READY) {
        return db_fail(scope, DB_UNAVAILABLE);
    }
    if (db->sent_count == 0 || query->statement->name[0] == '\0') {
        TRY(postgres_settle(scope, db));
        return postgres_query(scope, db, query, ret);
    }
    struct rows *rows = NEW(scope->arena, struct rows);
    TRY(postgres_send(scope, db, query, rows));
    TRY(postgres_settle(scope, db));
    *ret = *rows;
    return OK_RESULT;
}

static result send_in_tx(struct scope *scope, struct db *base, const struct db_query *query,
                         struct rows *rows) {
    struct postgres_db *db = own(base);
    if (db->phase != POSTGRES_READY) {
        return db_fail(scope, DB_UNAVAILABLE);
    }
    return postgres_send(scope, db, query, rows);
}

static result settle_in_tx(struct scope *scope, struct db *base) {
    return postgres_settle(scope, own(base));
}

/* A refusal that the server could only give before anything was written. */
static bool is_refusal(enum db_error error) {
    return error == DB_UNIQUE || error == DB_FOREIGN_KEY || error == DB_CHECK ||
           error == DB_SERIALISATION || error == DB_DISK_FULL || error == DB_STATEMENT;
}

static void postgres_rollback(struct db *base) {
    struct postgres_db *db = own(base);
    if (db->phase != POSTGRES_READY) {
        return;
    }
    postgres_discard(db);
    if (db->phase != POSTGRES_READY) {
        return;
    }
    AUTO(postgres_result_clear) PGresult *answer = NULL;
    if (!postgres_command(db, "ROLLBACK", &answer)) {
        postgres_disconnect(db);
    }
}

/* A lost connection, a deadline, and the warning "canceling wait for synchronous replication" all
 * leave open what has happened. */
static result postgres_commit(struct scope *scope, struct db *base) {
    struct postgres_db *db = own(base);
    const result settled = postgres_settle(scope, db);
    if (!is_ok(settled)) { /* nothing has been committed, and nothing will be */
        postgres_rollback(base);
        return settled;
    }
    db->is_warned = false;
    AUTO(postgres_result_clear) PGresult *answer = NULL;
    if (!postgres_command(db, "COMMIT", &answer)) {
        const bool is_known = db->phase == POSTGRES_READY && is_refusal(db->error);
        return db_fail(scope, is_known ? db->error : DB_COMMIT_UNCERTAIN);
    }
    if (db->is_warned) {
        return db_fail(scope, DB_COMMIT_UNCERTAIN);
    }
    /* A COMMIT of an aborted transaction answers "ROLLBACK". */
    return strcmp(PQcmdStatus(answer), "COMMIT") == 0 ? OK_RESULT : db_fail(scope, DB_UNAVAILABLE);
}

/* One migration at a time per schema; they may take longer than any request. */
static result postgres_migration_lock(struct scope *scope, struct db *base) {
    struct postgres_db *db = own(base);
    db->is_unlimited = true;
    AUTO(postgres_result_clear) PGresult *answer = NULL;
    const bool is_locked =
        postgres_command(db,
                         "SET LOCAL statement_timeout = 0;"
                         "SET LOCAL idle_in_transaction_session_timeout = 0;"
                         "SELECT pg_advisory_xact_lock(1734439015, hashtext(current_schema()))",
                         &answer);
    return is_locked ? OK_RESULT : db_fail(scope, db->error);
}

static const struct db_driver POSTGRES = {
    .store_close = store_free,
    .store_lock = no_lock,
    .store_counts = no_counts,
    .open = connection_open,
    .close = connection_close,
    .tend = no_tending,
    .read = postgres_read,
    .begin = postgres_begin,
    .run = postgres_run,
    .send = send_in_tx,
    .settle = settle_in_tx,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .migration_lock = postgres_migration_lock,
    .call_begin = postgres_call_begin,
    .call_fd = postgres_call_fd,
    .call_events = postgres_call_events,
    .call_advance = postgres_call_advance,
    .call_end = postgres_call_end,
};

static bool is_well_formed(const char *url) {
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    PQconninfoFree(options);
    return options != NULL;
}

result postgres_store_open(struct scope *scope, const struct store_settings *settings,
                           struct store **ret) {
    const char *url = NULL;
    TRY(str_to_c(scope, settings->url, &url));
    REQUIRE(scope, is_well_formed(url), INVALID, "db.url");
    struct postgres_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        abort();
    }
    store->store = (struct store){.driver = &POSTGRES,
                                  .engine = ENGINE_POSTGRES,
                                  .statement_timeout_us = settings->statement_timeout_us,
                                  .connect_timeout_us = settings->connect_timeout_us};
    store->url = strdup(url);
    struct db *first = NULL;
    const result r = connection_open(scope, &store->store, &first);
    if (!is_ok(r)) {
        store_free(&store->store);
        return r;
    }
    connection_close(first);
    *ret = &store->store;
    return OK_RESULT;
}
