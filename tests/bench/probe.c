#include "tests/bench/probe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/db.h"
#include "base/env.h"
#include "base/random.h"
#include "tests/bench/load_client.h"

/* One table per kind of row that a deactivation writes: the person, the block, the session, audit,
 * job, receipt, event head and event, revocation head and row. */
static const struct statement CREATE[] = {
    {"probe.create_row", INSTALLATION,
     "CREATE TABLE IF NOT EXISTS probe_row (id TEXT PRIMARY KEY, kind TEXT NOT NULL, "
     "body TEXT NOT NULL)",
     NULL},
    {"probe.create_head", INSTALLATION,
     "CREATE TABLE IF NOT EXISTS probe_head (name TEXT PRIMARY KEY, seq BIGINT NOT NULL)", NULL},
    {"probe.create_heads", INSTALLATION,
     "INSERT INTO probe_head (name, seq) VALUES ('user', 0), ('event', 0), ('revocation', 0) "
     "ON CONFLICT (name) DO NOTHING",
     NULL},
};
static const struct statement BUMP = {
    "probe.bump", INSTALLATION, "UPDATE probe_head SET seq = seq + 1 WHERE name = $1 RETURNING seq",
    NULL};
static const struct statement INSERT = {
    "probe.insert", INSTALLATION, "INSERT INTO probe_row (id, kind, body) VALUES ($1, $2, $3)",
    NULL};
static const struct statement DELETE = {"probe.delete", INSTALLATION,
                                        "DELETE FROM probe_row WHERE id = $1", NULL};

static const char *const KINDS[] = {"block", "audit", "job", "receipt", "event", "revocation"};

struct probe {
    struct arena *arena, *kept;
    struct env env;
    struct store *store;
    struct db *db;
};

static void must(const struct scope *scope, result done) {
    if (!is_ok(done)) {
        (void) fprintf(stderr, "probe: %s\n", scope->reason);
        exit(1);
    }
}

struct probe *probe_open(const char *url) {
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        exit(1);
    }
    probe->arena = arena_new();
    probe->kept = arena_new();
    probe->env = (struct env){.clock = system_clock(), .random = system_random()};
    struct scope scope = {probe->kept, &probe->env, NULL};
    const struct store_settings settings = {
        .url = str_from_c(url),
        .statement_timeout_us = S_TO_US(10),
        .connect_timeout_us = S_TO_US(5),
    };
    must(&scope, store_open(&scope, &settings, &probe->store));
    must(&scope, db_open(&scope, probe->store, &probe->db));
    AUTO(tx_end) struct tx *tx = NULL;
    must(&scope, tx_begin(&scope, probe->db, LANE_NORMAL, &tx));
    for (size_t i = 0; i < sizeof CREATE / sizeof CREATE[0]; i++) {
        struct rows rows;
        must(&scope, tx_run(&scope, tx, &CREATE[i], NO_VALUES, &rows));
    }
    must(&scope, tx_commit(&scope, tx));
    return probe;
}

static void bump(struct scope *scope, struct tx *tx, const char *name) {
    struct rows rows;
    must(scope, tx_run(scope, tx, &BUMP, VALUES(value_text(str_from_c(name))), &rows));
}

uint64_t probe_commit(struct probe *probe) {
    struct scope scope = {probe->arena, &probe->env, NULL};
    const uint64_t start = load_now_ns();
    AUTO(tx_end) struct tx *tx = NULL;
    struct rows rows;
    must(&scope, tx_begin(&scope, probe->db, LANE_REVOCATION, &tx));
    bump(&scope, tx, "user");
    must(&scope, tx_run(&scope, tx, &DELETE, VALUES(value_text(STR("session"))), &rows));
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        must(&scope,
             tx_run(&scope, tx, &INSERT,
                    VALUES(value_text(uuid_v7(&scope)), value_text(str_from_c(KINDS[i])),
                           value_text(STR("{\"a body\":\"of the usual size of such rows\"}"))),
                    &rows));
    }
    bump(&scope, tx, "event");
    bump(&scope, tx, "revocation");
    must(&scope, tx_commit(&scope, tx));
    const uint64_t took = load_now_ns() - start;
    tx_end(&tx);
    arena_reset(probe->arena);
    return took;
}

void probe_close(struct probe *probe) {
    db_close(&probe->db);
    store_close(&probe->store);
    arena_end(&probe->arena);
    arena_end(&probe->kept);
    free(probe);
}
