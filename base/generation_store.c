/* The history of a database (db.h). A restored or promoted copy is another history, in which the
 * same sequence number may stand for another revocation. */
#include "base/generation_store.h"

#include "base/db_driver.h"
#include "base/random.h"

static const struct statement READ = {"generation.read", INSTALLATION,
                                      "SELECT value FROM installation WHERE key = 'generation'",
                                      NULL};

static const struct statement RENEW = {
    "generation.renew", INSTALLATION,
    "INSERT INTO installation(key, value) VALUES ('generation', $1)"
    " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    NULL};

/* Named override. The first eight digits of a WAL file's name are the timeline; a standby gives an
 * error, which is right: it must not be read. */
static const struct statement READ_POSTGRES = {
    "generation.read_postgres", INSTALLATION,
    "SELECT CAST(system_identifier AS TEXT) || '-' ||"
    " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()",
    NULL};

static const struct statement *const STATEMENTS[] = {&READ, &RENEW};
const struct statement_list GENERATION_STATEMENTS = {STATEMENTS,
                                                     sizeof STATEMENTS / sizeof STATEMENTS[0]};

const struct statement *generation_statement(enum engine engine) {
    return engine == ENGINE_SQLITE ? &READ : &READ_POSTGRES;
}

result db_generation(struct scope *scope, struct db *db, struct str *ret) {
    struct rows rows;
    TRY(db_run(scope, db, generation_statement(db_engine(db)), NO_VALUES, &rows));
    REQUIRE(scope, rows.count == 1, UNAVAILABLE, "db.generation");
    *ret = rows_text(&rows, 0, 0);
    return OK_RESULT;
}

result db_generation_renew(struct scope *scope, struct tx *tx) {
    if (db_engine(tx->db) == ENGINE_POSTGRES) {
        return OK_RESULT;
    }
    return tx_run(scope, tx, &RENEW, VALUES(value_text(uuid_v7(scope))), NULL);
}
