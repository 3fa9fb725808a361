#include "base/db_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"

/* The log is moved into the file beside the commits (db_tend), or by one of them when it has grown
 * so long that nobody seems to do it. */
enum { LOG_PAGES = 1000, LOG_PAGES_MOST = 8000 };

enum { OPCODES_PER_CHECK = 10000, FIRST_ROWS = 8, MAX_VALUES = 99 };

enum db_error sqlite_error(int extended_code) {
    switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY: return DB_UNIQUE;
    case SQLITE_CONSTRAINT_FOREIGNKEY: return DB_FOREIGN_KEY;
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_NOTNULL: return DB_CHECK;
    case SQLITE_IOERR_CORRUPTFS: return DB_CORRUPT;
    default: break;
    }
    switch (extended_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return DB_SERIALISATION;
    case SQLITE_INTERRUPT: return DB_TIMEOUT;
    case SQLITE_FULL: return DB_DISK_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return DB_CORRUPT;
    case SQLITE_READONLY: return DB_READ_ONLY;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH: return DB_PERMISSION;
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL: return DB_UNAVAILABLE;
    default: return DB_STATEMENT;
    }
}

static int is_past_deadline(void *context) {
    const struct sqlite_connection *connection = context;
    return connection->deadline_us != 0 && clock_monotonic_us() >= connection->deadline_us;
}

static void finalize(void *statement) {
    (void) sqlite3_finalize(statement);
}

static void drop_unnamed(sqlite3_stmt **statement) {
    (void) sqlite3_finalize(*statement);
}

/* A shared row lock is PostgreSQL's word: with one writer there is nothing to lock. */
static int length_without_lock(const char *sql) {
    const struct str text = str_from_c(sql);
    const struct str lock = STR(" FOR SHARE");
    return (int) (str_has_suffix(text, lock) ? text.len - lock.len : text.len);
}

/* *ret_unnamed is set when the caller has to drop the statement. */
static int prepare(struct sqlite_connection *connection, const struct statement *statement,
                   sqlite3_stmt **ret, sqlite3_stmt **ret_unnamed) {
    const bool is_named = statement->name[0] != '\0';
    if (is_named) {
        const struct cached_statement *cached = statement_cache_find(&connection->cache, statement);
        if (cached != NULL) {
            *ret = cached->handle;
            return SQLITE_OK;
        }
    }
    sqlite3_stmt *made = NULL;
    const int code =
        sqlite3_prepare_v3(connection->handle, statement->sql, length_without_lock(statement->sql),
                           is_named ? SQLITE_PREPARE_PERSISTENT : 0, &made, NULL);
    if (code != SQLITE_OK) {
        return code;
    }
    if (made == NULL) {
        return SQLITE_MISUSE; /* a comment only */
    }
    if (is_named) {
        statement_cache_put(&connection->cache, statement, made);
    } else {
        *ret_unnamed = made;
    }
    *ret = made;
    return SQLITE_OK;
}

/* "$1" is a name to SQLite, which numbers parameters by their first appearance. */
static int bind_value(sqlite3_stmt *prepared, size_t number, const struct value *value) {
    char name[4] = {'$'};
    if (number < 10) {
        name[1] = (char) ('0' + number);
    } else {
        name[1] = (char) ('0' + number / 10);
        name[2] = (char) ('0' + number % 10);
    }
    const int at = sqlite3_bind_parameter_index(prepared, name);
    if (at == 0) {
        return SQLITE_RANGE;
    }
    switch (value->kind) {
    case VALUE_NULL: return sqlite3_bind_null(prepared, at);
    case VALUE_NUMBER: return sqlite3_bind_int64(prepared, at, value->number);
    case VALUE_TEXT:
        /* A slice of zeros is an empty text; for SQLite a null pointer would be NULL. */
        return sqlite3_bind_text64(prepared, at, value->text.len == 0 ? "" : value->text.at,
                                   value->text.len, SQLITE_STATIC, SQLITE_UTF8);
    }
    abort();
}

static int bind_values(sqlite3_stmt *prepared, struct values values) {
    if (values.count > MAX_VALUES ||
        (size_t) sqlite3_bind_parameter_count(prepared) != values.count) {
        return SQLITE_RANGE;
    }
    for (size_t i = 0; i < values.count; i++) {
        const int code = bind_value(prepared, i + 1, &values.at[i]);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    return SQLITE_OK;
}

/* A REAL is an integer that overflowed, a BLOB never was ours. */
static int read_cell(struct arena *arena, sqlite3_stmt *prepared, int column, struct value *ret) {
    switch (sqlite3_column_type(prepared, column)) {
    case SQLITE_NULL: *ret = value_null(); return SQLITE_OK;
    case SQLITE_INTEGER:
        *ret = value_number(sqlite3_column_int64(prepared, column));
        return SQLITE_OK;
    case SQLITE_TEXT: {
        const char *text = (const char *) sqlite3_column_text(prepared, column);
        const struct str slice = {text, (size_t) sqlite3_column_bytes(prepared, column)};
        *ret = value_text(str_copy(arena, slice));
        return SQLITE_OK;
    }
    default: return SQLITE_MISMATCH;
    }
}

static int step_all(struct arena *arena, sqlite3_stmt *prepared, struct rows *ret) {
    struct rows rows = {.columns = (size_t) sqlite3_column_count(prepared)};
    struct value *cells = NULL;
    size_t capacity = 0;
    int code = sqlite3_step(prepared);
    for (; code == SQLITE_ROW; code = sqlite3_step(prepared)) {
        if (rows.count == capacity) {
            capacity = capacity == 0 ? FIRST_ROWS : capacity * 2;
            struct value *larger = NEW_ARRAY(arena, capacity * rows.columns, struct value);
            if (cells != NULL) {
                memcpy(larger, cells, rows.count * rows.columns * sizeof *cells);
            }
            cells = larger;
        }
        for (size_t i = 0; i < rows.columns; i++) {
            const int failed =
                read_cell(arena, prepared, (int) i, &cells[rows.count * rows.columns + i]);
            if (failed) {
                return failed;
            }
        }
        rows.count++;
    }
    rows.cells = cells;
    *ret = rows;
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

result sqlite_run(struct scope *scope, struct sqlite_connection *connection,
                  const struct db_query *query, struct rows *ret) {
    AUTO(drop_unnamed) sqlite3_stmt *unnamed = NULL;
    sqlite3_stmt *prepared = NULL;
    int code = prepare(connection, query->statement, &prepared, &unnamed);
    if (code != SQLITE_OK) {
        return db_fail(scope, sqlite_error(code));
    }
    code = bind_values(prepared, query->values);
    if (code == SQLITE_OK) {
        code = step_all(scope->arena, prepared, ret);
    }
    if (code == SQLITE_OK && !sqlite3_stmt_readonly(prepared)) {
        ret->changed = sqlite3_changes64(connection->handle);
    }
    (void) sqlite3_reset(prepared);
    (void) sqlite3_clear_bindings(prepared);
    return code == SQLITE_OK ? OK_RESULT : db_fail(scope, sqlite_error(code));
}

int sqlite_execute(struct sqlite_connection *connection, const char *sql) {
    const struct statement statement = {sql, INSTALLATION, sql, NULL};
    sqlite3_stmt *prepared = NULL;
    sqlite3_stmt *unnamed = NULL;
    int code = prepare(connection, &statement, &prepared, &unnamed);
    if (code != SQLITE_OK) {
        return code;
    }
    connection->deadline_us = 0; /* an interrupted ROLLBACK or COMMIT would help nobody */
    code = sqlite3_step(prepared);
    (void) sqlite3_reset(prepared);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

static void connection_close(struct sqlite_connection *connection) {
    statement_cache_clear(&connection->cache);
    (void) sqlite3_close(connection->handle);
    connection->handle = NULL;
}

/* NORMAL would lose the last commits with the power; secure_delete overwrites what is erased;
 * temp_store keeps what savepoints and sorts set aside out of files in somebody else's folder. */
static const char SETTINGS[] = "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                               "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
                               "PRAGMA secure_delete=ON; PRAGMA journal_size_limit=67108864;"
                               "PRAGMA temp_store=MEMORY;";

static int is_wal(void *context, int columns, char **texts, char **names) {
    (void) columns;
    (void) names;
    *(bool *) context = texts[0] != NULL && strcmp(texts[0], "wal") == 0;
    return 0;
}

static int configure(struct sqlite_connection *connection, int64_t timeout_us) {
    sqlite3 *handle = connection->handle;
    (void) sqlite3_extended_result_codes(handle, 1);
    (void) sqlite3_busy_timeout(handle, (int) (timeout_us / US_PER_MS));
    (void) sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *) NULL);
    sqlite3_progress_handler(handle, OPCODES_PER_CHECK, is_past_deadline, connection);
    bool is_log = false;
    int code = sqlite3_exec(handle, "PRAGMA journal_mode=WAL", is_wal, &is_log, NULL);
    if (code == SQLITE_OK) {
        code = is_log ? sqlite3_exec(handle, SETTINGS, NULL, NULL, NULL) : SQLITE_READONLY;
    }
    /* The first look at the file itself. */
    if (code == SQLITE_OK) {
        code = sqlite3_exec(handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    }
    return code;
}

static result connection_open(struct scope *scope, const struct sqlite_store *store,
                              struct sqlite_connection *connection) {
    connection->cache.drop = finalize;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(store->path, &connection->handle, flags, NULL);
    if (code == SQLITE_OK) {
        code = configure(connection, store->store.statement_timeout_us);
    }
    if (code == SQLITE_OK) {
        return OK_RESULT;
    }
    connection_close(connection);
    const enum db_error error = sqlite_error(code);
    return db_fail(scope, error == DB_STATEMENT ? DB_OPEN : error);
}

static result open_failure(struct scope *scope, int error_number) {
    switch (error_number) {
    case EACCES:
    case EPERM: return db_fail(scope, DB_PERMISSION);
    case ENOENT:
    case ENOTDIR: return db_fail(scope, DB_MISSING);
    case EROFS: return db_fail(scope, DB_READ_ONLY);
    case ENOSPC:
    case EDQUOT: return db_fail(scope, DB_DISK_FULL);
    default: return db_fail(scope, DB_OPEN);
    }
}

/* Creates it for its owner alone; SQLite gives the log beside it the same mode. */
static result make_private_file(struct scope *scope, const char *path) {
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return open_failure(scope, errno);
    }
    const int failed = fchmod(fd, 0600);
    const int error_number = errno;
    (void) close(fd);
    return failed ? open_failure(scope, error_number) : OK_RESULT;
}

static void sqlite_store_close(struct store *base) {
    struct sqlite_store *store = (struct sqlite_store *) (void *) base;
    sqlite_writer_close(&store->writer);
    connection_close(&store->writer.connection);
    if (store->lock_fd >= 0) {
        (void) close(store->lock_fd); /* and with it the lock */
    }
    free(store->path);
    free(store);
}

static result sqlite_store_lock(struct scope *scope, struct store *base) {
    struct sqlite_store *store = (struct sqlite_store *) (void *) base;
    const struct str path = str_format(scope->arena, "%s.lock", store->path);
    const int fd = open(path.at, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return open_failure(scope, errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const bool is_held = errno == EWOULDBLOCK;
        (void) close(fd);
        REQUIRE(scope, !is_held, CONFLICT, "db.locked");
        return db_fail(scope, DB_OPEN);
    }
    if (store->lock_fd >= 0) {
        (void) close(store->lock_fd);
    }
    store->lock_fd = fd;
    return OK_RESULT;
}

static struct store_counts sqlite_store_counts(struct store *base) {
    struct sqlite_writer *writer = &((struct sqlite_store *) (void *) base)->writer;
    pthread_mutex_lock(&writer->mutex);
    const struct store_counts counts = writer->counts;
    pthread_mutex_unlock(&writer->mutex);
    return counts;
}

static struct sqlite_db *own(struct db *db) {
    return (struct sqlite_db *) (void *) db;
}

static struct sqlite_writer *writer_of(const struct db *db) {
    return &((struct sqlite_store *) (void *) db->store)->writer;
}

static void sqlite_close(struct db *base) {
    struct sqlite_db *db = own(base);
    connection_close(&db->reader);
    pthread_cond_destroy(&db->turn.moved);
    free(db);
}

static result sqlite_open(struct scope *scope, struct store *store, struct db **ret) {
    struct sqlite_db *db = calloc(1, sizeof *db);
    if (db == NULL || pthread_cond_init(&db->turn.moved, NULL) != 0) {
        abort();
    }
    const result r =
        connection_open(scope, (const struct sqlite_store *) (void *) store, &db->reader);
    if (!is_ok(r)) {
        sqlite_close(&db->db);
        return r;
    }
    *ret = &db->db;
    return OK_RESULT;
}

/* What came in since is left for the next time; readers and the writer go on meanwhile. */
static result sqlite_tend(struct scope *scope, struct db *base) {
    struct sqlite_writer *writer = writer_of(base);
    if (atomic_load(&writer->log_pages) < LOG_PAGES) {
        return OK_RESULT;
    }
    atomic_store(&writer->log_pages, 0); /* the next commit counts again */
    const int code = sqlite3_wal_checkpoint_v2(own(base)->reader.handle, NULL,
                                               SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    const bool is_done = code == SQLITE_OK || code == SQLITE_BUSY; /* somebody else is at it */
    return is_done ? OK_RESULT : db_fail(scope, sqlite_error(code));
}

static void start_clock(const struct db *db, struct sqlite_connection *connection) {
    connection->deadline_us =
        connection->is_unlimited ? 0 : clock_monotonic_us() + db->store->statement_timeout_us;
}

/* Before a step, so that a write outside a transaction is told from a read-only file. */
static result require_read(struct scope *scope, struct sqlite_connection *connection,
                           const struct statement *statement, bool *ret_is_read) {
    AUTO(drop_unnamed) sqlite3_stmt *unnamed = NULL;
    sqlite3_stmt *prepared = NULL;
    const int code = prepare(connection, statement, &prepared, &unnamed);
    if (code != SQLITE_OK) {
        return db_fail(scope, sqlite_error(code));
    }
    *ret_is_read = sqlite3_stmt_readonly(prepared) != 0;
    return OK_RESULT;
}

static result sqlite_read(struct scope *scope, struct db *base, const struct db_query *query,
                          struct rows *ret) {
    struct sqlite_connection *reader = &own(base)->reader;
    start_clock(base, reader);
    bool is_read = false;
    TRY(require_read(scope, reader, query->statement, &is_read));
    if (!is_read) {
        return db_fail(scope, DB_WRITE_OUTSIDE_TX);
    }
    return sqlite_run(scope, reader, query, ret);
}

static result sqlite_begin(struct scope *scope, struct db *db, enum lane lane) {
    TRY(sqlite_writer_begin(scope, writer_of(db), &own(db)->turn, lane));
    writer_of(db)->connection.is_unlimited = false;
    return OK_RESULT;
}

static result sqlite_run_in_tx(struct scope *scope, struct db *db, const struct db_query *query,
                               struct rows *ret) {
    struct sqlite_connection *connection = &writer_of(db)->connection;
    start_clock(db, connection);
    return sqlite_run(scope, connection, query, ret);
}

static result sqlite_settle(struct scope *scope, struct db *db) {
    (void) scope;
    (void) db;
    return OK_RESULT;
}

static result sqlite_commit(struct scope *scope, struct db *db) {
    return sqlite_writer_commit(scope, writer_of(db), &own(db)->turn);
}

static void sqlite_rollback(struct db *db) {
    sqlite_writer_rollback(writer_of(db));
}

/* The writer's turn is the lock already, in this process and, by BEGIN IMMEDIATE, in all. */
static result sqlite_migration_lock(struct scope *scope, struct db *db) {
    (void) scope;
    writer_of(db)->connection.is_unlimited = true;
    return OK_RESULT;
}

static result run_reads(struct scope *scope, struct db *base, const struct db_step *steps,
                        struct db_call *call) {
    struct sqlite_connection *reader = &own(base)->reader;
    int code = sqlite_execute(reader, "BEGIN");
    if (code != SQLITE_OK) {
        return db_fail(scope, sqlite_error(code));
    }
    start_clock(base, reader);
    result r = OK_RESULT;
    for (size_t i = 0; i < call->count && is_ok(r); i++) {
        r = sqlite_run(scope, reader, &(struct db_query){steps[i].statement, steps[i].values},
                       &call->rows[i]);
    }
    if (!sqlite3_get_autocommit(reader->handle)) {
        (void) sqlite_execute(reader, "COMMIT");
    }
    return r;
}

static result run_writes(struct scope *scope, struct db *db, const struct db_step *steps,
                         struct db_call *call) {
    TRY(sqlite_begin(scope, db, LANE_REVOCATION));
    for (size_t i = 0; i < call->count; i++) {
        const struct db_query query = {steps[i].statement, steps[i].values};
        const result r = sqlite_run_in_tx(scope, db, &query, &call->rows[i]);
        if (!is_ok(r)) {
            sqlite_rollback(db);
            return r;
        }
    }
    return sqlite_commit(scope, db);
}

static result sqlite_call_begin(struct scope *scope, struct db *db, const struct db_step *steps,
                                size_t count, struct db_call **ret) {
    struct db_call *call = NEW(scope->arena, struct db_call);
    *call = (struct db_call){
        .db = db, .count = count, .rows = NEW_ARRAY(scope->arena, count, struct rows)};
    bool is_read = true;
    for (size_t i = 0; i < count && is_read; i++) {
        TRY(require_read(scope, &own(db)->reader, steps[i].statement, &is_read));
    }
    TRY((is_read ? run_reads : run_writes)(scope, db, steps, call));
    *ret = call;
    return OK_RESULT;
}

static int sqlite_call_fd(const struct db_call *call) {
    (void) call;
    return -1;
}

static short sqlite_call_events(const struct db_call *call) {
    (void) call;
    return 0;
}

static result sqlite_call_advance(struct scope *scope, struct db_call *call, bool *ret_is_done) {
    (void) scope;
    (void) call;
    *ret_is_done = true;
    return OK_RESULT;
}

static void sqlite_call_end(struct db_call *call) {
    (void) call;
}

static const struct db_driver SQLITE = {
    .store_close = sqlite_store_close,
    .store_lock = sqlite_store_lock,
    .store_counts = sqlite_store_counts,
    .open = sqlite_open,
    .close = sqlite_close,
    .tend = sqlite_tend,
    .read = sqlite_read,
    .begin = sqlite_begin,
    .run = sqlite_run_in_tx,
    .send = sqlite_run_in_tx,
    .settle = sqlite_settle,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .migration_lock = sqlite_migration_lock,
    .call_begin = sqlite_call_begin,
    .call_fd = sqlite_call_fd,
    .call_events = sqlite_call_events,
    .call_advance = sqlite_call_advance,
    .call_end = sqlite_call_end,
};

/* Inside a COMMIT of the writer. */
static int on_commit(void *context, sqlite3 *handle, const char *name, int log_pages) {
    struct sqlite_writer *writer = context;
    atomic_store(&writer->log_pages, log_pages);
    if (log_pages >= LOG_PAGES_MOST) {
        (void) sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    return SQLITE_OK; /* the commit has succeeded, whatever became of the log */
}

result sqlite_store_open(struct scope *scope, const struct store_settings *settings,
                         struct store **ret) {
    const struct str path = str_from(settings->url, STR("sqlite:").len);
    REQUIRE(scope, path.len > 0, INVALID, "db.url");
    const char *path_c = NULL;
    TRY(str_to_c(scope, path, &path_c));
    TRY(make_private_file(scope, path_c));
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        abort();
    }
    store->store = (struct store){.driver = &SQLITE,
                                  .engine = ENGINE_SQLITE,
                                  .statement_timeout_us = settings->statement_timeout_us,
                                  .connect_timeout_us = settings->connect_timeout_us};
    store->lock_fd = -1;
    store->path = strdup(path_c);
    sqlite_writer_init(&store->writer, settings->statement_timeout_us);
    const result r = connection_open(scope, store, &store->writer.connection);
    if (!is_ok(r)) {
        sqlite_store_close(&store->store);
        return r;
    }
    (void) sqlite3_wal_hook(store->writer.connection.handle, on_commit, &store->writer);
    *ret = &store->store;
    return OK_RESULT;
}
