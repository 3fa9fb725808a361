#include "gateway/doctor_store.h"

/* Each for its own engine: these are no part of the common SQL and in no list of it. */

static const struct statement SQLITE_SYNCHRONOUS = {"doctor.synchronous", INSTALLATION,
                                                    "PRAGMA synchronous", NULL};
static const struct statement POSTGRES_FACTS = {
    "doctor.facts", INSTALLATION,
    "SELECT CASE WHEN current_setting('fsync') = 'on'"
    " AND current_setting('synchronous_commit') <> 'off'"
    " AND current_setting('full_page_writes') = 'on' THEN 1 ELSE 0 END,"
    " CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
    NULL};

enum { SQLITE_FULL = 2 };

result doctor_store_read(struct scope *scope, struct db *db, struct database_health *ret) {
    struct rows rows;
    const bool is_sqlite = db_engine(db) == ENGINE_SQLITE;
    TRY(db_run(scope, db, is_sqlite ? &SQLITE_SYNCHRONOUS : &POSTGRES_FACTS, NO_VALUES, &rows));
    REQUIRE(scope, rows.count == 1, UNAVAILABLE, "doctor.facts");
    const int64_t level = rows_number(&rows, 0, 0);
    ret->is_durable = is_sqlite ? level >= SQLITE_FULL : level == 1;
    ret->clock_us = is_sqlite ? 0 : rows_number(&rows, 0, 1);
    return OK_RESULT;
}
