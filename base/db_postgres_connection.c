/* One connection. Everything is sent and received without blocking; the blocking functions wait
 * with a deadline of their own, because a peer that is gone without a word would hold a thread for
 * longer than any server-side timeout. */
#include "base/db_postgres.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

/* The server's own timeout comes first, so that an answer tells what happened. */
static const int64_t GRACE_US = S_TO_US(2);

/* pg_type.dat */
enum { TYPE_BOOL = 16, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23, TYPE_NUMERIC = 1700 };

const char POSTGRES_BEGIN[] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const char POSTGRES_DURABLE[] = "SET LOCAL synchronous_commit = on";

void postgres_result_clear(PGresult **answer) {
    PQclear(*answer);
    *answer = NULL;
}

void postgres_disconnect(struct postgres_db *db) {
    statement_cache_clear(&db->cache);
    PQfinish(db->connection);
    db->connection = NULL;
    db->phase = POSTGRES_CLOSED;
    db->events = 0;
    db->is_proven = false;
    db->sent_count = 0;
}

/* One table: the SQLSTATE, or its class of two characters. */
static const struct {
    const char *state;
    enum db_error error;
} STATES[] = {
    {"23505", DB_UNIQUE},
    {"23503", DB_FOREIGN_KEY},
    {"23514", DB_CHECK},
    {"23502", DB_CHECK},
    {"40001", DB_SERIALISATION},
    {"40P01", DB_SERIALISATION},
    {"55P03", DB_SERIALISATION},
    {"57014", DB_TIMEOUT},
    {"25006", DB_READ_ONLY},
    {"53100", DB_DISK_FULL},
    {"42501", DB_PERMISSION},
    {"08P01", DB_STATEMENT}, /* a wrong number of values, not a lost connection */
    {"XX001", DB_CORRUPT},
    {"XX002", DB_CORRUPT},
    {"22021", DB_TEXT},
    {"08", DB_UNAVAILABLE},
    {"26", DB_UNAVAILABLE}, /* a pooler that forgot what was prepared */
    {"53", DB_UNAVAILABLE},
    {"57", DB_UNAVAILABLE},
    {"58", DB_UNAVAILABLE},
};

static enum db_error state_error(const char *state) {
    for (size_t i = 0; state != NULL && i < sizeof STATES / sizeof STATES[0]; i++) {
        if (strncmp(state, STATES[i].state, strlen(STATES[i].state)) == 0) {
            return STATES[i].error;
        }
    }
    return state == NULL ? DB_UNAVAILABLE : DB_STATEMENT;
}

enum db_error postgres_error(const PGresult *answer) {
    return state_error(PQresultErrorField(answer, PG_DIAG_SQLSTATE));
}

/* While connecting, libpq has a sentence only. Which of ours it is helps whoever set up the URL;
 * a sentence in another language is "db.open". */
static enum db_error connect_error(const PGconn *connection) {
    static const struct {
        const char *part;
        enum db_error error;
    } SENTENCES[] = {
        {"authentication failed", DB_PERMISSION}, {"no pg_hba.conf entry", DB_PERMISSION},
        {"no password supplied", DB_PERMISSION},  {"permission denied", DB_PERMISSION},
        {"does not exist", DB_MISSING},           {"hot standby mode", DB_READ_ONLY},
    };
    const char *message = PQerrorMessage(connection);
    for (size_t i = 0; i < sizeof SENTENCES / sizeof SENTENCES[0]; i++) {
        if (strstr(message, SENTENCES[i].part) != NULL) {
            return SENTENCES[i].error;
        }
    }
    return DB_OPEN;
}

/* Nothing is printed. A warning during COMMIT is the only sign that it is not on the standby. */
static void notice(void *context, const PGresult *answer) {
    struct postgres_db *db = context;
    const char *severity = PQresultErrorField(answer, PG_DIAG_SEVERITY_NONLOCALIZED);
    db->is_warned = db->is_warned || (severity != NULL && strcmp(severity, "WARNING") == 0);
}

static enum postgres_progress connect_failed(struct postgres_db *db, enum db_error error) {
    postgres_disconnect(db);
    db->error = error;
    return POSTGRES_FAILED;
}

void postgres_connect_start(struct postgres_db *db) {
    const struct postgres_store *store = (const struct postgres_store *) (void *) db->db.store;
    char timeout_ms[24];
    (void) snprintf(timeout_ms, sizeof timeout_ms, "%lld",
                    (long long) (store->store.statement_timeout_us + GRACE_US) / US_PER_MS);
    /* What stands behind dbname overrides the URL. A standby must never be asked: it may be behind.
     */
    const char *const names[] = {"dbname",           "target_session_attrs",      "client_encoding",
                                 "tcp_user_timeout", "fallback_application_name", NULL};
    const char *const values[] = {store->url, "primary", "UTF8", timeout_ms, "gatehouse", NULL};
    postgres_disconnect(db);
    db->connection = PQconnectStartParams(names, values, 1);
    db->phase = POSTGRES_CONNECTING;
    db->events = POLLOUT;
}

/* Reads outside a transaction may not write, as on SQLite; BEGIN says READ WRITE. Nobody waits for
 * a transaction whose owner is gone. */
static bool send_settings(struct postgres_db *db) {
    char sql[640];
    const long long timeout_ms = db->db.store->statement_timeout_us / US_PER_MS;
    (void) snprintf(sql, sizeof sql,
                    "SET synchronous_commit = on;"
                    "SET default_transaction_isolation = 'read committed';"
                    "SET default_transaction_read_only = on;"
                    "SET standard_conforming_strings = on;"
                    "SET client_min_messages = warning;"
                    "SET statement_timeout = %lld;"
                    "SET idle_in_transaction_session_timeout = %lld;",
                    timeout_ms, 6 * timeout_ms);
    return PQsendQuery(db->connection, sql) == 1;
}

static bool has_events(const struct postgres_db *db) {
    struct pollfd waited = {PQsocket(db->connection), db->events, 0};
    return poll(&waited, 1, 0) > 0;
}

static enum postgres_progress advance_connecting(struct postgres_db *db) {
    if (db->connection == NULL || PQstatus(db->connection) == CONNECTION_BAD) {
        return connect_failed(db, db->connection == NULL ? DB_OPEN : connect_error(db->connection));
    }
    /* libpq would take an unfinished connect for a finished one. */
    if (!has_events(db)) {
        return POSTGRES_WAITING;
    }
    switch (PQconnectPoll(db->connection)) {
    case PGRES_POLLING_READING: db->events = POLLIN; return POSTGRES_WAITING;
    case PGRES_POLLING_ACTIVE:
    case PGRES_POLLING_WRITING: db->events = POLLOUT; return POSTGRES_WAITING;
    case PGRES_POLLING_FAILED: return connect_failed(db, connect_error(db->connection));
    case PGRES_POLLING_OK: break;
    }
    (void) PQsetNoticeReceiver(db->connection, notice, db);
    if (PQsetnonblocking(db->connection, 1) != 0 || !send_settings(db)) {
        return connect_failed(db, DB_UNAVAILABLE);
    }
    db->phase = POSTGRES_SETTING_UP;
    db->events = POLLIN;
    return POSTGRES_DONE;
}

bool postgres_pump(struct postgres_db *db) {
    const int unsent = PQflush(db->connection);
    if (unsent < 0 || PQconsumeInput(db->connection) != 1) {
        db->error = DB_UNAVAILABLE;
        postgres_disconnect(db);
        return false;
    }
    db->events = unsent == 1 ? POLLIN | POLLOUT : POLLIN;
    return true;
}

static enum postgres_progress advance_settings(struct postgres_db *db) {
    if (!postgres_pump(db)) {
        return POSTGRES_FAILED;
    }
    while (!PQisBusy(db->connection)) {
        AUTO(postgres_result_clear) PGresult *answer = PQgetResult(db->connection);
        if (answer == NULL) {
            db->phase = POSTGRES_READY;
            return POSTGRES_DONE;
        }
        if (PQresultStatus(answer) != PGRES_COMMAND_OK) {
            return connect_failed(db, postgres_error(answer));
        }
    }
    return POSTGRES_WAITING;
}

enum postgres_progress postgres_connect_advance(struct postgres_db *db) {
    if (db->phase == POSTGRES_CONNECTING) {
        const enum postgres_progress progress = advance_connecting(db);
        if (progress != POSTGRES_DONE) {
            return progress;
        }
    }
    return db->phase == POSTGRES_SETTING_UP ? advance_settings(db) : POSTGRES_DONE;
}

/* False: the deadline has passed. */
static bool wait_events(const struct postgres_db *db) {
    for (;;) {
        int wait_ms = -1;
        if (db->deadline_us != 0) {
            const int64_t left_us = db->deadline_us - clock_monotonic_us();
            if (left_us <= 0) {
                return false;
            }
            wait_ms = (int) (left_us / US_PER_MS) + 1;
        }
        struct pollfd waited = {PQsocket(db->connection), db->events, 0};
        if (poll(&waited, 1, wait_ms) > 0) {
            return true;
        }
    }
}

result postgres_connect(struct scope *scope, struct postgres_db *db) {
    if (db->phase == POSTGRES_READY) {
        return OK_RESULT;
    }
    db->deadline_us = clock_monotonic_us() + db->db.store->connect_timeout_us;
    postgres_connect_start(db);
    enum postgres_progress progress = postgres_connect_advance(db);
    while (progress == POSTGRES_WAITING) {
        progress =
            wait_events(db) ? postgres_connect_advance(db) : connect_failed(db, DB_UNAVAILABLE);
    }
    return progress == POSTGRES_DONE ? OK_RESULT : db_fail(scope, db->error);
}

bool postgres_next(struct postgres_db *db, PGresult **ret) {
    while (postgres_pump(db)) {
        if (!PQisBusy(db->connection) && (db->events & POLLOUT) == 0) {
            *ret = PQgetResult(db->connection);
            return true;
        }
        if (!wait_events(db)) {
            postgres_disconnect(db);
            db->error = DB_TIMEOUT;
            return false;
        }
    }
    return false;
}

/* Waits for all results of what was sent; keeps the first failure, else the last. */
static PGresult *wait_results(struct postgres_db *db) {
    PGresult *kept = NULL;
    PGresult *answer = NULL;
    while (postgres_next(db, &answer)) {
        if (answer == NULL) {
            db->is_proven = true;
            return kept;
        }
        if (kept == NULL || PQresultStatus(kept) != PGRES_FATAL_ERROR) {
            PQclear(kept);
            kept = answer;
        } else {
            PQclear(answer);
        }
    }
    PQclear(kept);
    return NULL;
}

/* Always false. */
bool postgres_note_failure(struct postgres_db *db, const PGresult *answer) {
    const enum db_error error = postgres_error(answer);
    /* A server that says it is going away is gone, even if the socket does not show it yet. */
    if (PQstatus(db->connection) == CONNECTION_BAD || error == DB_UNAVAILABLE) {
        postgres_disconnect(db);
    }
    db->error = error;
    return false;
}

/* After a send that worked. False: db->error says why; a lost connection is closed. */
static bool receive(struct postgres_db *db, PGresult **ret) {
    AUTO(postgres_result_clear) PGresult *answer = wait_results(db);
    if (answer == NULL) {
        return false;
    }
    const ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        *ret = answer;
        answer = NULL;
        return true;
    }
    return postgres_note_failure(db, answer);
}

static void start_clock(struct postgres_db *db) {
    db->deadline_us =
        db->is_unlimited ? 0 : clock_monotonic_us() + db->db.store->statement_timeout_us + GRACE_US;
}

static bool send_failed(struct postgres_db *db) {
    postgres_disconnect(db);
    db->error = DB_UNAVAILABLE;
    return false;
}

bool postgres_command(struct postgres_db *db, const char *sql, PGresult **ret) {
    start_clock(db);
    return PQsendQuery(db->connection, sql) == 1 ? receive(db, ret) : send_failed(db);
}

/* A name that stood for another text is freed first: only tests do that. */
static bool forget(struct postgres_db *db, const struct statement *statement) {
    char *name = PQescapeIdentifier(db->connection, statement->name, strlen(statement->name));
    char sql[256] = "";
    (void) snprintf(sql, sizeof sql, "DEALLOCATE %s", name == NULL ? "" : name);
    PQfreemem(name);
    AUTO(postgres_result_clear) PGresult *answer = NULL;
    return postgres_command(db, sql, &answer);
}

bool postgres_prepare(struct postgres_db *db, const struct statement *statement) {
    if (statement_cache_find(&db->cache, statement) != NULL) {
        return true;
    }
    if (statement_cache_has_name(&db->cache, statement->name) && !forget(db, statement)) {
        return false;
    }
    start_clock(db);
    if (PQsendPrepare(db->connection, statement->name, statement->sql, 0, NULL) != 1) {
        return send_failed(db);
    }
    AUTO(postgres_result_clear) PGresult *answer = NULL;
    if (!receive(db, &answer)) {
        return false;
    }
    statement_cache_put(&db->cache, statement, NULL);
    return true;
}

bool postgres_send_query(struct scope *scope, struct postgres_db *db,
                         const struct db_query *query) {
    const char *const *parameters = postgres_parameters(scope, query->values);
    const int count = (int) query->values.count;
    const struct statement *statement = query->statement;
    start_clock(db);
    const int is_sent = statement->name[0] == '\0'
                            ? PQsendQueryParams(db->connection, statement->sql, count, NULL,
                                                parameters, NULL, NULL, 0)
                            : PQsendQueryPrepared(db->connection, statement->name, count,
                                                  parameters, NULL, NULL, 0);
    return is_sent == 1 || send_failed(db);
}

result postgres_query(struct scope *scope, struct postgres_db *db, const struct db_query *query,
                      struct rows *ret) {
    if (query->statement->name[0] != '\0' && !postgres_prepare(db, query->statement)) {
        return db_fail(scope, db->error);
    }
    AUTO(postgres_result_clear) PGresult *answer = NULL;
    const bool is_answered = postgres_send_query(scope, db, query) && receive(db, &answer);
    return is_answered ? postgres_rows(scope, answer, ret) : db_fail(scope, db->error);
}

static const char *parameter(struct arena *arena, const struct value *value) {
    switch (value->kind) {
    case VALUE_NULL: return NULL;
    case VALUE_NUMBER: return str_format(arena, "%lld", (long long) value->number).at;
    case VALUE_TEXT: {
        char *text = arena_alloc(arena, value->text.len + 1);
        if (value->text.len > 0) {
            memcpy(text, value->text.at, value->text.len);
        }
        return text;
    }
    }
    abort();
}

const char *const *postgres_parameters(struct scope *scope, struct values values) {
    if (values.count == 0) {
        return NULL;
    }
    const char **parameters = NEW_ARRAY(scope->arena, values.count, const char *);
    for (size_t i = 0; i < values.count; i++) {
        parameters[i] = parameter(scope->arena, &values.at[i]);
    }
    return parameters;
}

/* sum() and the like are numeric on PostgreSQL. */
static result read_number(struct scope *scope, struct str text, struct value *ret) {
    int64_t number = 0;
    if (!is_ok(parse_i64(scope, text, INT64_MIN, INT64_MAX, &number))) {
        return db_fail(scope, DB_STATEMENT);
    }
    *ret = value_number(number);
    return OK_RESULT;
}

static result read_cell(struct scope *scope, const PGresult *answer, int row, int column,
                        struct value *ret) {
    if (PQgetisnull(answer, row, column)) {
        *ret = value_null();
        return OK_RESULT;
    }
    const struct str text = {PQgetvalue(answer, row, column),
                             (size_t) PQgetlength(answer, row, column)};
    switch (PQftype(answer, column)) {
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
    case TYPE_NUMERIC: return read_number(scope, text, ret);
    case TYPE_BOOL: *ret = value_number(str_eq(text, STR("t"))); return OK_RESULT;
    default: *ret = value_text(str_copy(scope->arena, text)); return OK_RESULT;
    }
}

/* "INSERT 0 3", "UPDATE 3", "DELETE 3"; a SELECT counts what it returned, which is no change. */
static int64_t changed(const PGresult *answer) {
    const struct str command = str_from_c(PQcmdStatus((PGresult *) (uintptr_t) answer));
    const bool is_write = str_has_prefix(command, STR("INSERT ")) ||
                          str_has_prefix(command, STR("UPDATE ")) ||
                          str_has_prefix(command, STR("DELETE "));
    const char *count = PQcmdTuples((PGresult *) (uintptr_t) answer);
    return is_write ? strtoll(count, NULL, 10) : 0;
}

result postgres_rows(struct scope *scope, const PGresult *answer, struct rows *ret) {
    struct rows rows = {.count = (size_t) PQntuples(answer),
                        .columns = (size_t) PQnfields(answer),
                        .changed = changed(answer)};
    struct value *cells = NEW_ARRAY(scope->arena, rows.count * rows.columns, struct value);
    for (size_t i = 0; i < rows.count * rows.columns; i++) {
        TRY(read_cell(scope, answer, (int) (i / rows.columns), (int) (i % rows.columns),
                      &cells[i]));
    }
    rows.cells = cells;
    *ret = rows;
    return OK_RESULT;
}
