#pragma once
/* What an engine implements for base/db.c; nobody else includes this. The engine-neutral part owns
 * the states of a transaction and the injected faults, a driver only does as it is told. */

#include "base/db.h"

enum tx_state {
    TX_NONE,
    TX_OPEN,
    TX_BROKEN, /* an error inside: only the rollback is left */
    TX_DONE    /* committed, or its outcome is unknown */
};

struct tx {
    enum tx_state state;
    struct db *db;
};

struct db {
    const struct db_driver *driver;
    struct store *store;
    struct db_fault *fault;
    struct db *owner; /* set in a view only: the db whose transaction this looks into */
    struct db *view;
    struct tx tx;
    bool is_calling; /* between db_call_begin and db_call_end */
};

/* First member of the engine's own store. */
struct store {
    const struct db_driver *driver;
    enum engine engine;
    int64_t statement_timeout_us;
    int64_t connect_timeout_us;
};

/* First member of the engine's own call. */
struct db_call {
    struct db *db;
    size_t count;
    struct rows *rows; /* one per step */
};

enum db_error {
    DB_UNIQUE,
    DB_FOREIGN_KEY,
    DB_CHECK,
    DB_SERIALISATION,
    DB_TIMEOUT,
    DB_BUSY,
    DB_DISK_FULL,
    DB_CORRUPT,
    DB_READ_ONLY,
    DB_PERMISSION,
    DB_MISSING,
    DB_OPEN,
    DB_TEXT,
    DB_UNAVAILABLE,
    DB_STATEMENT,
    DB_WRITE_OUTSIDE_TX,
    DB_COMMIT_UNCERTAIN
};

/* Makes the failure that users of db.h see. */
RESULT db_fail(struct scope *scope, enum db_error error);

/* What to run, with values that have been checked. */
struct db_query {
    const struct statement *statement;
    struct values values;
};

struct db_driver {
    void (*store_close)(struct store *store);
    result (*store_lock)(struct scope *scope, struct store *store);
    struct store_counts (*store_counts)(struct store *store);
    result (*open)(struct scope *scope, struct store *store, struct db **ret);
    void (*close)(struct db *db);
    result (*tend)(struct scope *scope, struct db *db);
    /* Outside a transaction: reads only. */
    result (*read)(struct scope *scope, struct db *db, const struct db_query *query,
                   struct rows *ret);
    result (*begin)(struct scope *scope, struct db *db, enum lane lane);
    result (*run)(struct scope *scope, struct db *db, const struct db_query *query,
                  struct rows *ret);
    /* Fills `rows`, which live as long as the transaction, at the latest in `settle`; `run`,
     * `commit` and `rollback` settle first. */
    result (*send)(struct scope *scope, struct db *db, const struct db_query *query,
                   struct rows *rows);
    result (*settle)(struct scope *scope, struct db *db);
    /* After a failure the transaction is over, too. */
    result (*commit)(struct scope *scope, struct db *db);
    void (*rollback)(struct db *db);
    /* In a transaction: takes the lock of the migrations, switches the statement timeout off. */
    result (*migration_lock)(struct scope *scope, struct db *db);
    result (*call_begin)(struct scope *scope, struct db *db, const struct db_step *steps,
                         size_t count, struct db_call **ret);
    int (*call_fd)(const struct db_call *call);
    short (*call_events)(const struct db_call *call);
    result (*call_advance)(struct scope *scope, struct db_call *call, bool *ret_is_done);
    void (*call_end)(struct db_call *call);
};

RESULT sqlite_store_open(struct scope *scope, const struct store_settings *settings,
                         struct store **ret);
RESULT postgres_store_open(struct scope *scope, const struct store_settings *settings,
                           struct store **ret);
/* The lock of the migrations, held until the transaction ends. */
RESULT tx_migration_lock(struct scope *scope, struct tx *tx);
