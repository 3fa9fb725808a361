#pragma once
/* The inside of the SQLite driver: connections (db_sqlite.c), the one writer (db_sqlite_writer.c).
 */

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/db_driver.h"
#include "base/statement_cache.h"

struct sqlite_connection {
    sqlite3 *handle;
    struct statement_cache cache;
    int64_t deadline_us; /* monotonic; 0: none */
    bool is_unlimited;   /* a migration takes the time it takes */
};

enum turn_outcome { TURN_PENDING, TURN_WRITTEN, TURN_LOST, TURN_UNCERTAIN };

/* A transaction waiting for the writer, then for the flush of its group. All under the mutex of the
 * writer, but for lane. */
struct turn {
    struct turn *next;
    pthread_cond_t moved;
    enum lane lane;
    bool is_mine;
    enum turn_outcome outcome;
    enum db_error error; /* of TURN_LOST */
};

enum { LANES = LANE_REVOCATION + 1 };

struct turn_list {
    struct turn *first, *last;
};

/* One connection for all writing. A transaction takes its turn, runs inside a savepoint, and is
 * answered when the COMMIT of its group is on disk. */
struct sqlite_writer {
    struct sqlite_connection connection; /* of whoever has the turn */
    int64_t timeout_us;
    pthread_mutex_t mutex;
    bool is_taken;
    struct turn_list waiting[LANES];
    /* The group: since its BEGIN. */
    bool is_open;
    bool is_urgent; /* holds a revocation */
    bool is_alone;  /* the transaction at hand is the group's first: it needs no savepoint */
    int64_t opened_us;
    struct turn_list members;
    int member_count;
    struct store_counts counts;
    atomic_int log_pages; /* after the last commit; any thread */
};

struct sqlite_store {
    struct store store;
    char *path;
    int lock_fd;
    struct sqlite_writer writer;
};

struct sqlite_db {
    struct db db;
    struct sqlite_connection reader;
    struct turn turn;
};

enum db_error sqlite_error(int extended_code);
/* For BEGIN, SAVEPOINT …: no rows, no values. */
int sqlite_execute(struct sqlite_connection *connection, const char *sql);
RESULT sqlite_run(struct scope *scope, struct sqlite_connection *connection,
                  const struct db_query *query, struct rows *ret);

void sqlite_writer_init(struct sqlite_writer *writer, int64_t timeout_us);
void sqlite_writer_close(struct sqlite_writer *writer);
/* Waits for the turn and opens a savepoint. */
RESULT sqlite_writer_begin(struct scope *scope, struct sqlite_writer *writer, struct turn *turn,
                           enum lane lane);
/* Gives the turn away and waits until the group is on disk. */
RESULT sqlite_writer_commit(struct scope *scope, struct sqlite_writer *writer, struct turn *turn);
void sqlite_writer_rollback(struct sqlite_writer *writer);
