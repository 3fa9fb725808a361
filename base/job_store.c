#include "base/job_store.h"

/* `job` is a table of the installation: runners look for work of all organisations. */
static const struct statement INSERT = {
    "job.insert", INSTALLATION,
    "INSERT INTO job(id, org_id, kind, payload, state, attempts, run_at_us, owner, reason,"
    " created_us) VALUES ($1, $2, $3, $4, 'waiting', 0, $5, '', '', $6)",
    NULL};

static const struct statement COUNT_DUE = {
    "job.count_due", INSTALLATION,
    "SELECT count(*) FROM (SELECT 1 FROM job WHERE state = 'waiting' AND run_at_us <= $1"
    " LIMIT $2) AS due",
    NULL};

/* The condition stands in the outer WHERE, too: PostgreSQL checks that one again after waiting for
 * the row, the inner one it does not. */
static const struct statement CLAIM = {
    "job.claim", INSTALLATION,
    "UPDATE job SET owner = $1, run_at_us = $2, attempts = attempts + 1"
    " WHERE id = (SELECT id FROM job WHERE state = 'waiting' AND run_at_us <= $3"
    " ORDER BY run_at_us, id LIMIT 1 OFFSET $4)"
    " AND state = 'waiting' AND run_at_us <= $5"
    " RETURNING id, org_id, kind, payload, attempts",
    NULL};

/* `attempts` tells two claims of one owner apart. */
static const struct statement DELETE = {
    "job.delete", INSTALLATION,
    "DELETE FROM job WHERE id = $1 AND owner = $2 AND attempts = $3 AND state = 'waiting'", NULL};

static const struct statement POSTPONE = {
    "job.postpone", INSTALLATION,
    "UPDATE job SET owner = '', run_at_us = $4, reason = $5"
    " WHERE id = $1 AND owner = $2 AND attempts = $3 AND state = 'waiting'",
    NULL};

static const struct statement BURY = {
    "job.bury", INSTALLATION,
    "UPDATE job SET owner = '', state = 'dead', reason = $4"
    " WHERE id = $1 AND owner = $2 AND attempts = $3 AND state = 'waiting'",
    NULL};

static const struct statement *const STATEMENTS[] = {&INSERT, &COUNT_DUE, &CLAIM,
                                                     &DELETE, &POSTPONE,  &BURY};
const struct statement_list JOB_STATEMENTS = {STATEMENTS, sizeof STATEMENTS / sizeof STATEMENTS[0]};

result job_store_insert(struct scope *scope, struct tx *tx, const struct job *job,
                        int64_t run_at_us, int64_t now_us) {
    return tx_send(scope, tx, &INSERT,
                   VALUES(value_text(job->id), value_text(job->org_id), value_text(job->kind),
                          value_text(job->payload), value_number(run_at_us), value_number(now_us)),
                   NULL);
}

result job_store_count_due(struct scope *scope, struct db *db, int64_t now_us, int64_t limit,
                           int64_t *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &COUNT_DUE, VALUES(value_number(now_us), value_number(limit)), &rows));
    *ret = rows_number(&rows, 0, 0);
    return OK_RESULT;
}

result job_store_claim(struct scope *scope, struct tx *tx, const struct job_claim *claim,
                       bool *ret_is_mine, struct job *ret) {
    struct rows rows;
    TRY(tx_run(scope, tx, &CLAIM,
               VALUES(value_text(claim->owner), value_number(claim->lease_until_us),
                      value_number(claim->now_us), value_number(claim->skip),
                      value_number(claim->now_us)),
               &rows));
    *ret_is_mine = rows.count == 1;
    if (rows.count == 1) {
        *ret = (struct job){.id = rows_text(&rows, 0, 0),
                            .org_id = rows_text(&rows, 0, 1),
                            .kind = rows_text(&rows, 0, 2),
                            .payload = rows_text(&rows, 0, 3),
                            .attempts = rows_number(&rows, 0, 4)};
    }
    return OK_RESULT;
}

static result require_mine(struct scope *scope, const struct rows *rows) {
    REQUIRE(scope, rows->changed == 1, NOT_FOUND, "job.lost");
    return OK_RESULT;
}

result job_store_delete(struct scope *scope, struct tx *tx, const struct job *job,
                        struct str owner) {
    struct rows rows;
    TRY(tx_run(scope, tx, &DELETE,
               VALUES(value_text(job->id), value_text(owner), value_number(job->attempts)), &rows));
    return require_mine(scope, &rows);
}

result job_store_postpone(struct scope *scope, struct tx *tx, const struct job *job,
                          struct str owner, int64_t run_at_us, struct str reason) {
    struct rows rows;
    TRY(tx_run(scope, tx, &POSTPONE,
               VALUES(value_text(job->id), value_text(owner), value_number(job->attempts),
                      value_number(run_at_us), value_text(reason)),
               &rows));
    return require_mine(scope, &rows);
}

result job_store_bury(struct scope *scope, struct tx *tx, const struct job *job, struct str owner,
                      struct str reason) {
    struct rows rows;
    TRY(tx_run(scope, tx, &BURY,
               VALUES(value_text(job->id), value_text(owner), value_number(job->attempts),
                      value_text(reason)),
               &rows));
    return require_mine(scope, &rows);
}
