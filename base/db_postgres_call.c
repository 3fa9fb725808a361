/* Calls that do not block. Connecting, the settings, and then BEGIN, the steps and COMMIT in one
 * pipeline with one sync: one journey to the server and back. After a failure the server skips the
 * rest up to the sync and leaves the transaction open, so a ROLLBACK follows in a second pipeline.
 */
#include "base/db_postgres.h"

#include <assert.h>
#include <poll.h>
#include <string.h>

#include "base/arena.h"

enum slot_kind { SLOT_COMMAND, SLOT_PREPARE, SLOT_STEP, SLOT_COMMIT };

/* One per command in the pipeline, in order. */
struct slot {
    enum slot_kind kind;
    size_t step;
};

enum call_phase { CALL_CONNECTING, CALL_RUNNING, CALL_ROLLING_BACK, CALL_DONE, CALL_FAILED };

enum { SLOTS_AROUND = 3, SLOTS_PER_STEP = 2 };

struct postgres_call {
    struct db_call call; /* first */
    enum call_phase phase;
    enum db_error error; /* of the first failure; counts when is_failed */
    bool is_failed;
    const struct db_step *steps;
    const char *const **parameters; /* one array per step */
    struct slot *slots;
    size_t slot_count, slot_at;
};

static struct postgres_call *own(const struct db_call *call) {
    return (struct postgres_call *) (uintptr_t) call;
}

static struct postgres_db *db_of(const struct postgres_call *call) {
    return (struct postgres_db *) (void *) call->call.db;
}

static bool send_command(struct postgres_call *call, const char *sql, enum slot_kind kind) {
    call->slots[call->slot_count++] = (struct slot){kind, 0};
    return PQsendQueryParams(db_of(call)->connection, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

static bool is_prepared_before(const struct postgres_call *call, size_t step) {
    for (size_t i = 0; i < step; i++) {
        if (call->steps[i].statement == call->steps[step].statement) {
            return true;
        }
    }
    return statement_cache_find(&db_of(call)->cache, call->steps[step].statement) != NULL;
}

static bool send_step(struct postgres_call *call, size_t i) {
    PGconn *connection = db_of(call)->connection;
    const struct statement *statement = call->steps[i].statement;
    if (!is_prepared_before(call, i)) {
        call->slots[call->slot_count++] = (struct slot){SLOT_PREPARE, i};
        if (PQsendPrepare(connection, statement->name, statement->sql, 0, NULL) != 1) {
            return false;
        }
    }
    call->slots[call->slot_count++] = (struct slot){SLOT_STEP, i};
    return PQsendQueryPrepared(connection, statement->name, (int) call->steps[i].values.count,
                               call->parameters[i], NULL, NULL, 0) == 1;
}

/* The server refuses a lone step that writes: the session's default is read only. */
static bool is_lone_read(const struct postgres_call *call) {
    return call->call.count == 1 && strncmp(call->steps[0].statement->sql, "SELECT", 6) == 0;
}

static bool send_steps(struct postgres_call *call) {
    const bool is_lone = is_lone_read(call);
    bool is_sent = PQenterPipelineMode(db_of(call)->connection) == 1;
    if (!is_lone) {
        is_sent = is_sent && send_command(call, POSTGRES_BEGIN, SLOT_COMMAND) &&
                  send_command(call, POSTGRES_DURABLE, SLOT_COMMAND);
    }
    for (size_t i = 0; i < call->call.count && is_sent; i++) {
        is_sent = send_step(call, i);
    }
    if (!is_lone) {
        is_sent = is_sent && send_command(call, "COMMIT", SLOT_COMMIT);
    }
    return is_sent && PQpipelineSync(db_of(call)->connection) == 1;
}

static bool send_rollback(struct postgres_call *call) {
    call->slot_count = 0;
    call->slot_at = 0;
    return send_command(call, "ROLLBACK", SLOT_COMMAND) &&
           PQpipelineSync(db_of(call)->connection) == 1;
}

static void note_failure(struct postgres_call *call, enum db_error error) {
    if (!call->is_failed) {
        call->is_failed = true;
        call->error = error;
    }
}

/* From the moment COMMIT was sent a lost connection leaves open whether it happened. */
static void note_loss(struct postgres_call *call) {
    const bool is_writing = call->phase == CALL_RUNNING && !is_lone_read(call);
    note_failure(call, is_writing ? DB_COMMIT_UNCERTAIN : DB_UNAVAILABLE);
    postgres_disconnect(db_of(call));
    call->phase = CALL_FAILED;
}

static void note_commit(struct postgres_call *call, const PGresult *answer) {
    if (db_of(call)->is_warned) {
        note_failure(call, DB_COMMIT_UNCERTAIN);
    }
    if (strcmp(PQcmdStatus((PGresult *) (uintptr_t) answer), "COMMIT") != 0) {
        note_failure(call, DB_UNAVAILABLE);
    }
}

static void take_result(struct scope *scope, struct postgres_call *call, const PGresult *answer) {
    const struct slot slot = call->slots[call->slot_at];
    const ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_PIPELINE_ABORTED) {
        return; /* the failure came before */
    }
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        note_failure(call, slot.kind == SLOT_COMMIT ? DB_COMMIT_UNCERTAIN : postgres_error(answer));
        return;
    }
    switch (slot.kind) {
    case SLOT_COMMAND: break;
    case SLOT_PREPARE:
        statement_cache_put(&db_of(call)->cache, call->steps[slot.step].statement, NULL);
        break;
    case SLOT_STEP:
        if (!is_ok(postgres_rows(scope, answer, &call->call.rows[slot.step]))) {
            note_failure(call, DB_STATEMENT);
        }
        break;
    case SLOT_COMMIT: note_commit(call, answer); break;
    }
}

static void finish(struct postgres_call *call) {
    if (PQexitPipelineMode(db_of(call)->connection) != 1) {
        postgres_disconnect(db_of(call));
    }
    call->phase = call->is_failed ? CALL_FAILED : CALL_DONE;
}

static void take_sync(struct postgres_call *call) {
    PGconn *connection = db_of(call)->connection;
    if (PQtransactionStatus(connection) == PQTRANS_IDLE) {
        finish(call);
        return;
    }
    if (call->phase == CALL_RUNNING && send_rollback(call)) {
        call->phase = CALL_ROLLING_BACK;
        return;
    }
    postgres_disconnect(db_of(call));
    call->phase = CALL_FAILED;
}

/* Takes results until none is there. Each command's end with NULL; a sync is a result of its own.
 */
static void take_results(struct scope *scope, struct postgres_call *call) {
    struct postgres_db *db = db_of(call);
    while ((call->phase == CALL_RUNNING || call->phase == CALL_ROLLING_BACK) &&
           !PQisBusy(db->connection)) {
        AUTO(postgres_result_clear) PGresult *answer = PQgetResult(db->connection);
        if (answer == NULL) {
            if (call->slot_at == call->slot_count) {
                break; /* nothing further has been sent */
            }
            call->slot_at++;
        } else if (PQresultStatus(answer) == PGRES_PIPELINE_SYNC) {
            take_sync(call);
        } else if (call->slot_at < call->slot_count) {
            take_result(scope, call, answer);
        }
        if (db->connection != NULL && PQstatus(db->connection) == CONNECTION_BAD) {
            note_loss(call);
        }
    }
}

static void start_running(struct postgres_call *call) {
    struct postgres_db *db = db_of(call);
    db->is_warned = false;
    db->is_unlimited = false;
    if (send_steps(call)) {
        call->phase = CALL_RUNNING;
        return;
    }
    note_failure(call, DB_UNAVAILABLE); /* without its sync nothing of it is committed */
    postgres_disconnect(db);
    call->phase = CALL_FAILED;
}

static void advance_connecting(struct postgres_call *call) {
    switch (postgres_connect_advance(db_of(call))) {
    case POSTGRES_WAITING: break;
    case POSTGRES_DONE: start_running(call); break;
    case POSTGRES_FAILED:
        note_failure(call, DB_UNAVAILABLE);
        call->phase = CALL_FAILED;
        break;
    }
}

static void advance_running(struct scope *scope, struct postgres_call *call) {
    if (!postgres_pump(db_of(call))) {
        note_loss(call);
        return;
    }
    take_results(scope, call);
}

result postgres_call_advance(struct scope *scope, struct db_call *base, bool *ret_is_done) {
    struct postgres_call *call = own(base);
    if (call->phase == CALL_CONNECTING) {
        advance_connecting(call);
    }
    if (call->phase == CALL_RUNNING || call->phase == CALL_ROLLING_BACK) {
        advance_running(scope, call);
        /* A ROLLBACK that was put in line just now has still to be sent. */
        if (call->phase == CALL_ROLLING_BACK) {
            advance_running(scope, call);
        }
    }
    if (call->phase == CALL_FAILED) {
        return db_fail(scope, call->error);
    }
    *ret_is_done = call->phase == CALL_DONE;
    return OK_RESULT;
}

result postgres_call_begin(struct scope *scope, struct db *base, const struct db_step *steps,
                           size_t count, struct db_call **ret) {
    struct arena *arena = scope->arena;
    struct postgres_call *call = NEW(arena, struct postgres_call);
    struct db_step *copied = NEW_ARRAY(arena, count, struct db_step);
    const char *const **parameters = NEW_ARRAY(arena, count, const char *const *);
    for (size_t i = 0; i < count; i++) {
        assert(steps[i].statement->name[0] != '\0');
        copied[i] = steps[i];
        parameters[i] = postgres_parameters(scope, steps[i].values);
    }
    *call = (struct postgres_call){
        .call = {.db = base, .count = count, .rows = NEW_ARRAY(arena, count, struct rows)},
        .phase = CALL_CONNECTING,
        .steps = copied,
        .parameters = parameters,
        .slots = NEW_ARRAY(arena, SLOTS_AROUND + SLOTS_PER_STEP * count, struct slot)};
    struct postgres_db *db = db_of(call);
    if (db->phase != POSTGRES_READY) {
        postgres_connect_start(db);
    } else {
        start_running(call);
        if (call->phase == CALL_RUNNING && !postgres_pump(db)) {
            note_loss(call);
        }
    }
    *ret = &call->call;
    return OK_RESULT;
}

int postgres_call_fd(const struct db_call *call) {
    const struct postgres_db *db = db_of(own(call));
    return db->connection == NULL ? -1 : PQsocket(db->connection);
}

short postgres_call_events(const struct db_call *call) {
    return db_of(own(call))->events;
}

void postgres_call_end(struct db_call *base) {
    const struct postgres_call *call = own(base);
    if (call->phase != CALL_DONE && call->phase != CALL_FAILED) {
        postgres_disconnect(db_of(call));
    }
}
