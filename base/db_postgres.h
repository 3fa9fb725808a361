#pragma once
/* The inside of the PostgreSQL driver: one connection (db_postgres_connection.c), the driver
 * (db_postgres.c), calls that do not block (db_postgres_call.c). */

#include <libpq-fe.h>

#include "base/db_driver.h"
#include "base/statement_cache.h"

enum postgres_phase { POSTGRES_CLOSED, POSTGRES_CONNECTING, POSTGRES_SETTING_UP, POSTGRES_READY };

enum postgres_progress { POSTGRES_WAITING, POSTGRES_DONE, POSTGRES_FAILED };

struct postgres_store {
    struct store store;
    char *url;
};

enum { POSTGRES_SENT_MOST = 16 };

struct postgres_db {
    struct db db;
    PGconn *connection;
    enum postgres_phase phase;
    short events;        /* POLLIN, POLLOUT: what the next advance waits for */
    enum db_error error; /* why the last connect or command failed */
    bool is_warned;      /* the server sent a warning since this was cleared */
    bool is_unlimited;   /* inside a migration */
    bool is_proven;      /* has answered once: a loss may mean that only this connection is old */
    int64_t deadline_us; /* monotonic, of a blocking command; 0: none */
    struct rows *sent[POSTGRES_SENT_MOST]; /* to be filled: the pipeline of tx_send */
    size_t sent_count;
    struct statement_cache cache;
};

void postgres_result_clear(PGresult **answer);
void postgres_disconnect(struct postgres_db *db);
enum db_error postgres_error(const PGresult *answer);

/* Without blocking (but for the host name, which the system's resolver looks up): start, then
 * advance whenever the socket has the events. */
void postgres_connect_start(struct postgres_db *db);
enum postgres_progress postgres_connect_advance(struct postgres_db *db);
/* Sends what is left and takes what is there. False: the connection is lost and closed. */
bool postgres_pump(struct postgres_db *db);

/* Blocking, within the connect timeout. Nothing to do when connected. */
RESULT postgres_connect(struct scope *scope, struct postgres_db *db);
/* Runs one or more commands without rows. False: db->error says why, the connection may be gone. */
bool postgres_command(struct postgres_db *db, const char *sql, PGresult **ret);
RESULT postgres_query(struct scope *scope, struct postgres_db *db, const struct db_query *query,
                      struct rows *ret);

/* For the pipeline: waits for the next result, NULL between two statements. False: lost. */
bool postgres_next(struct postgres_db *db, PGresult **ret);
bool postgres_prepare(struct postgres_db *db, const struct statement *statement);
bool postgres_send_query(struct scope *scope, struct postgres_db *db, const struct db_query *query);
bool postgres_note_failure(struct postgres_db *db, const PGresult *answer);

/* db_postgres_pipeline.c: statements of a transaction whose answers nobody has asked for yet. */
RESULT postgres_send(struct scope *scope, struct postgres_db *db, const struct db_query *query,
                     struct rows *rows);
RESULT postgres_settle(struct scope *scope, struct postgres_db *db);
void postgres_discard(struct postgres_db *db);

/* The parameters as libpq wants them; NULL for no parameters. */
const char *const *postgres_parameters(struct scope *scope, struct values values);
RESULT postgres_rows(struct scope *scope, const PGresult *answer, struct rows *ret);

extern const char POSTGRES_BEGIN[];
/* Said in each transaction, whatever a pooler in between did to the session. */
extern const char POSTGRES_DURABLE[];

RESULT postgres_call_begin(struct scope *scope, struct db *db, const struct db_step *steps,
                           size_t count, struct db_call **ret);
int postgres_call_fd(const struct db_call *call);
short postgres_call_events(const struct db_call *call);
result postgres_call_advance(struct scope *scope, struct db_call *base, bool *ret_is_done);
void postgres_call_end(struct db_call *base);
