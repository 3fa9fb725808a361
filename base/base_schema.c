#include "base/base_schema.h"

/* installation: facts about this database, by key. event_head, event: ordered streams; the head row
 * serialises its stream. job: durable effects. node: one row per running instance, the followers'
 * list (applied: 16 positions, comma-separated). */
static const char *const FOUNDATION[] = {
    "CREATE TABLE installation ("
    "key TEXT NOT NULL PRIMARY KEY,"
    "value TEXT NOT NULL)",

    "CREATE TABLE event_head ("
    "stream TEXT NOT NULL PRIMARY KEY,"
    "seq BIGINT NOT NULL CHECK (seq >= 0))",

    "CREATE TABLE event ("
    "stream TEXT NOT NULL,"
    "seq BIGINT NOT NULL CHECK (seq > 0),"
    "topic TEXT NOT NULL,"
    "payload TEXT NOT NULL,"
    "created_us BIGINT NOT NULL,"
    "PRIMARY KEY (stream, seq))",

    /* run_at_us of a claimed job is the end of its lease. */
    "CREATE TABLE job ("
    "id TEXT NOT NULL PRIMARY KEY,"
    "org_id TEXT NOT NULL,"
    "kind TEXT NOT NULL,"
    "payload TEXT NOT NULL,"
    "state TEXT NOT NULL CHECK (state IN ('waiting', 'dead')),"
    "attempts BIGINT NOT NULL CHECK (attempts >= 0),"
    "run_at_us BIGINT NOT NULL,"
    "owner TEXT NOT NULL,"
    "reason TEXT NOT NULL,"
    "created_us BIGINT NOT NULL)",
    "CREATE INDEX job_due ON job (run_at_us, id) WHERE state = 'waiting'",
    "CREATE INDEX job_org ON job (org_id)",

    "CREATE TABLE node ("
    "instance TEXT NOT NULL PRIMARY KEY,"
    "beat BIGINT NOT NULL,"
    "generation TEXT NOT NULL,"
    "applied TEXT NOT NULL,"
    "started_us BIGINT NOT NULL)",
    NULL,
};

static const struct migration MIGRATIONS[] = {
    {1, "base: installation, events, jobs, nodes", FOUNDATION},
};

const struct migration_list BASE_MIGRATIONS = {MIGRATIONS,
                                               sizeof MIGRATIONS / sizeof MIGRATIONS[0]};
