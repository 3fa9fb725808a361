#pragma once
/* One driver interface for two engines, SQLite and PostgreSQL, that run the same SQL text. A
 * `store` belongs to the process; a `db` is one connection and belongs to one thread at a time.
 * Rows are materialised in the caller's arena, so every query is bounded by its LIMIT or its key.
 */

#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

struct store;
struct db;
struct tx;

enum engine { ENGINE_SQLITE, ENGINE_POSTGRES };

/* Which organisation a statement may touch. */
enum tenancy {
    TENANT,       /* contains `org_id = $1` or inserts org_id as $1 */
    INSTALLATION, /* touches installation tables only */
    CROSS_TENANT  /* touches tenant tables without org_id = $1; `why` says why */
};

/* Every SQL text is one of these, exported in an array per module. */
struct statement {
    const char *name; /* "session.find": unique, also the prepared statement's name */
    enum tenancy tenancy;
    const char *sql; /* $1..$n; TEXT, BIGINT, SMALLINT only; " FOR SHARE" may stand at its end */
    const char *why; /* for CROSS_TENANT */
};

struct statement_list {
    const struct statement *const *statements;
    size_t count;
};

enum value_kind { VALUE_NULL, VALUE_NUMBER, VALUE_TEXT };

struct value {
    enum value_kind kind;
    int64_t number;
    struct str text;
};

static inline struct value value_number(int64_t value) {
    return (struct value){VALUE_NUMBER, value, {"", 0}};
}

static inline struct value value_text(struct str value) {
    return (struct value){VALUE_TEXT, 0, value};
}

static inline struct value value_null(void) {
    return (struct value){VALUE_NULL, 0, {"", 0}};
}

/* NULL for an empty text: for optional columns. */
static inline struct value value_text_or_null(struct str value) {
    return value.len == 0 ? value_null() : value_text(value);
}

struct values {
    const struct value *at;
    size_t count;
};

/* $1..$n in order: VALUES(value_text(org_id), value_number(now_us)). */
#define VALUES(...)                                                                                \
    ((struct values){(const struct value[]){__VA_ARGS__},                                          \
                     sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)})
#define NO_VALUES ((struct values){NULL, 0})

struct rows {
    size_t count, columns;
    const struct value *cells; /* row by row */
    int64_t changed;           /* rows that INSERT, UPDATE or DELETE touched */
};

struct value rows_cell(const struct rows *rows, size_t row, size_t column);
struct str rows_text(const struct rows *rows, size_t row, size_t column); /* NULL: empty */
int64_t rows_number(const struct rows *rows, size_t row, size_t column);  /* NULL: 0 */
bool rows_is_null(const struct rows *rows, size_t row, size_t column);

struct store_settings {
    /* "postgresql://…", or "sqlite:PATH" of the database file */
    struct str url;
    int64_t statement_timeout_us;
    int64_t connect_timeout_us;
};

/* Both make sure that the database answers. UNAVAILABLE with the cause: "db.open", "db.missing" (no
 * such directory or database), "db.permission", "db.disk_full", "db.corrupt" (or no database at
 * all), "db.read_only"; INVALID "db.url". SQLite: takes no lock yet, see store_lock. */
RESULT store_open(struct scope *scope, const struct store_settings *settings, struct store **ret);
void store_close(struct store **store);
enum engine store_engine(const struct store *store);
/* SQLite: the lock that makes this the one serving process of the data directory;
 * CONFLICT "db.locked" when another has it. PostgreSQL: nothing to do. */
RESULT store_lock(struct scope *scope, struct store *store);

/* SQLite: transactions written, the flushes they shared, and how many wait for the writer now.
 * PostgreSQL counts its own: zeros. */
struct store_counts {
    int64_t transactions, flushes, waiting;
};
struct store_counts store_counts(struct store *store);

/* One connection. PostgreSQL reconnects by itself at the next call after a loss (never inside a
 * transaction). Several threads: one each. */
RESULT db_open(struct scope *scope, struct store *store, struct db **ret);
void db_close(struct db **db);
enum engine db_engine(const struct db *db);
/* The history of this database (revocation.md 1: generation); UNAVAILABLE when it cannot be read.
 */
RESULT db_generation(struct scope *scope, struct db *db, struct str *ret);
/* SQLite: moves what was written from the log into the file, if there is enough of it; a commit
 * does that itself only when nobody has called this for long. PostgreSQL: nothing to do. Outside
 * transactions, by a thread that nobody waits for. */
RESULT db_tend(struct scope *scope, struct db *db);
/* SQLite: begins a new history; made by the first migration and by a restore. PostgreSQL: its own
 * timeline counts, this does nothing. */
RESULT db_generation_renew(struct scope *scope, struct tx *tx);

/* A read outside a transaction, or inside through tx_db; a write outside one is INTERNAL
 * "db.write_outside_tx", and so is a call on the db itself while its transaction is open
 * ("db.in_tx"). UNAVAILABLE: "db.unavailable", "db.timeout", "db.serialisation", "db.disk_full",
 * "db.corrupt", "db.read_only". CONFLICT: "db.unique", "db.foreign_key". INVALID: "db.check" (also
 * NOT NULL), "db.text" (a NUL or no UTF-8). INTERNAL: "db.statement". `ret` may be NULL. A
 * statement without a name is not kept prepared (migrations). */
RESULT db_run(struct scope *scope, struct db *db, const struct statement *statement,
              struct values values, struct rows *ret);

/* How urgent a transaction is: on SQLite the revoking one takes the next turn of the writer. */
enum lane { LANE_NORMAL, LANE_REVOCATION };

/* A db has one transaction at a time, and on SQLite a thread too: a second one on another db would
 * wait for the first and fail with UNAVAILABLE "db.busy".
 * A transaction: rolled back by tx_end unless tx_commit succeeded. Any error inside ends it: what
 * follows fails with UNAVAILABLE "db.tx_over". */
RESULT tx_begin(struct scope *scope, struct db *db, enum lane lane, struct tx **ret);
/* OK: durable. UNAVAILABLE "db.commit_uncertain": nobody knows; else nothing was written. */
RESULT tx_commit(struct scope *scope, struct tx *tx);
void tx_end(struct tx **tx); /* AUTO(tx_end) */
RESULT tx_run(struct scope *scope, struct tx *tx, const struct statement *statement,
              struct values values, struct rows *ret);
/* The same for a statement whose outcome need not be known yet: PostgreSQL gets it together with
 * the next tx_run, tx_settle or tx_commit, in one round trip, and that call reports its failure.
 * The rows are valid behind that call; the scope's arena must outlive the transaction. `ret` may be
 * NULL. */
RESULT tx_send(struct scope *scope, struct tx *tx, const struct statement *statement,
               struct values values, const struct rows **ret);
/* Waits for what was sent; nothing to do when nothing was. */
RESULT tx_settle(struct scope *scope, struct tx *tx);
/* The transaction's own view for functions that only read. */
struct db *tx_db(struct tx *tx);

struct db_call;

struct db_step {
    const struct statement *statement;
    struct values values;
};

/* Starts the steps as one transaction (one pipeline on PostgreSQL; SQLite runs them at once, and
 * fails here). A lost connection is made again by the next call, without blocking; the call that
 * met the loss fails. The scope's arena must live until db_call_end, and so must the db. */
RESULT db_call_begin(struct scope *scope, struct db *db, const struct db_step *steps, size_t count,
                     struct db_call **ret);
/* -1: nothing to wait for. Else wait for the events (POLLIN, POLLOUT) until the deadline. */
int db_call_fd(const struct db_call *call);
short db_call_events(const struct db_call *call);
/* Reads what is there without blocking. *ret_is_done with OK: all steps ran and the transaction is
 * committed. A failure ends the call: "db.commit_uncertain" when the connection was lost after
 * COMMIT had been sent. Ask for fd and events again after each advance. */
RESULT db_call_advance(struct scope *scope, struct db_call *call, bool *ret_is_done);
/* The rows of step i, valid until the scope's arena ends. */
const struct rows *db_call_rows(const struct db_call *call, size_t step);
/* A call that is not done is abandoned: its connection is dropped. */
void db_call_end(struct db_call **call);

/* Tests: fails the n-th call (1 = the next) of any kind on this connection with UNAVAILABLE
 * "db.unavailable"; 0 switches it off. A failing commit writes nothing; with `after` it is
 * committed first and then reported as uncertain. Returns the number of calls seen since set. */
struct db_fault {
    int64_t fail_at, seen;
    bool is_after;
};
void db_set_fault(struct db *db, struct db_fault *fault);
