/* Statements of a transaction that were sent and not waited for: one round trip takes all of them.
 * The pipeline is entered with the first and left when everything has been answered, so nothing
 * else ever meets a connection in it. */
#include "base/db_postgres.h"

#include <assert.h>

result postgres_send(struct scope *scope, struct postgres_db *db, const struct db_query *query,
                     struct rows *rows) {
    assert(query->statement->name[0] != '\0');
    const bool is_known = statement_cache_find(&db->cache, query->statement) != NULL;
    if (!is_known || db->sent_count == POSTGRES_SENT_MOST) {
        TRY(postgres_settle(scope, db));
    }
    if (!is_known && !postgres_prepare(db, query->statement)) {
        return db_fail(scope, db->error);
    }
    if (db->sent_count == 0 && PQenterPipelineMode(db->connection) != 1) {
        postgres_disconnect(db);
        return db_fail(scope, DB_UNAVAILABLE);
    }
    if (!postgres_send_query(scope, db, query)) {
        return db_fail(scope, db->error);
    }
    db->sent[db->sent_count++] = rows;
    return OK_RESULT;
}

/* One result of the pipeline. False: a failure, the first of which counts; the server skips what
 * stands behind it. */
static bool take_answer(struct scope *scope, struct postgres_db *db, const PGresult *answer,
                        struct rows *rows) {
    const ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        return scope == NULL || is_ok(postgres_rows(scope, answer, rows));
    }
    return status == PGRES_FATAL_ERROR ? postgres_note_failure(db, answer) : false;
}

/* Up to the answer of the sync. False: db->error says why; a lost connection is closed. */
static bool take_answers(struct scope *scope, struct postgres_db *db) {
    size_t at = 0;
    bool has_failed = false;
    PGresult *next = NULL;
    while (postgres_next(db, &next)) {
        AUTO(postgres_result_clear) PGresult *answer = next;
        if (answer != NULL && PQresultStatus(answer) == PGRES_PIPELINE_SYNC) {
            return !has_failed;
        }
        if (at == db->sent_count) {
            break; /* only the sync may follow the last statement */
        }
        if (answer == NULL) {
            at++;
            continue;
        }
        has_failed = has_failed || !take_answer(scope, db, answer, db->sent[at]);
        if (db->connection == NULL) {
            return false;
        }
    }
    return false;
}

static bool settle(struct scope *scope, struct postgres_db *db) {
    db->error = DB_STATEMENT;
    const bool is_good = PQpipelineSync(db->connection) == 1 && take_answers(scope, db);
    db->sent_count = 0;
    if (db->connection != NULL && PQexitPipelineMode(db->connection) != 1) {
        postgres_disconnect(db); /* in the middle of something */
        db->error = DB_UNAVAILABLE;
        return false;
    }
    return is_good;
}

result postgres_settle(struct scope *scope, struct postgres_db *db) {
    const bool is_good = db->sent_count == 0 || settle(scope, db);
    return is_good ? OK_RESULT : db_fail(scope, db->error);
}

void postgres_discard(struct postgres_db *db) {
    if (db->sent_count > 0) {
        (void) settle(NULL, db);
    }
}
