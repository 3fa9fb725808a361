#include "tests/bench/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/db.h"
#include "base/env.h"
#include "base/random.h"
#include "tests/bench/load_client.h"
#include "tests/bench/load_seed.h"

/* What one deactivation writes, as tests/bench/part_storm.py has it for pgbench; without the
 * guards and the reading in front of it. */
enum {
    TAKE_OUT,
    BLOCK,
    SESSIONS,
    TOKENS,
    OIDC,
    AUDIT,
    JOB,
    RECEIPT,
    EVENT_HEAD,
    EVENT,
    HEAD,
    ROW,
    MARK
};

static const struct statement WRITES[] = {
    [TAKE_OUT] = {"probe.take_out", TENANT,
                  "UPDATE org_user SET state = 'deactivated', epoch = epoch + 1, changed_us = $3 "
                  "WHERE org_id = $1 AND id = $2 RETURNING epoch",
                  NULL},
    [BLOCK] = {"probe.block", TENANT,
               "INSERT INTO user_block (org_id, user_id, source, actor_kind, actor_id, reason, "
               "created_us) VALUES ($1, $2, 'scim', 'connection', $4, '', $3)",
               NULL},
    [SESSIONS] = {"probe.sessions", TENANT,
                  "DELETE FROM session WHERE org_id = $1 AND user_id = $2", NULL},
    [TOKENS] = {"probe.tokens", TENANT, "DELETE FROM api_token WHERE org_id = $1 AND owner_id = $2",
                NULL},
    [OIDC] = {"probe.oidc", TENANT, "DELETE FROM oidc_session WHERE org_id = $1 AND user_id = $2",
              NULL},
    [AUDIT] = {"probe.audit", TENANT,
               "INSERT INTO audit (org_id, id, at_us, actor_kind, actor_id, source, action, "
               "subject_kind, subject_id, reason_code, request_id) VALUES ($1, $4, $3, "
               "'connection', $4, 'scim', 'user.deactivated', 'user', $2, NULL, $4)",
               NULL},
    [JOB] = {"probe.job", INSTALLATION,
             "INSERT INTO job (id, org_id, kind, payload, state, attempts, run_at_us, owner, "
             "reason, created_us) VALUES ($4, $1, 'user.cleanup', $2, 'dead', 0, $3, '', '', $3)",
             NULL},
    [RECEIPT] = {"probe.receipt", TENANT,
                 "INSERT INTO receipt (org_id, id, kind, subject, user_id, source, received_us, "
                 "committed_us, sockets, sessions, tokens, nodes) VALUES ($1, $4, 'user', $2, $2, "
                 "'scim', $3, $3, 0, 1, 0, '[]')",
                 NULL},
    [EVENT_HEAD] = {"probe.event_head", TENANT,
                    "UPDATE event_head SET seq = seq + 1 WHERE stream = $1 RETURNING seq", NULL},
    [EVENT] = {"probe.event", TENANT,
               "INSERT INTO event (stream, seq, topic, payload, created_us) SELECT stream, seq, "
               "'user.deactivated', CAST($3 AS TEXT), CAST($2 AS BIGINT) FROM event_head "
               "WHERE stream = $1",
               NULL},
    [HEAD] = {"probe.head", INSTALLATION,
              "UPDATE revocation_head SET seq = seq + 1 WHERE partition = 1 RETURNING seq", NULL},
    [ROW] = {"probe.row", INSTALLATION,
             "INSERT INTO revocation (partition, seq, id, org_id, kind, subject, epoch, reason, "
             "origin, created_us) SELECT partition, seq, CAST($4 AS TEXT), "
             "CAST($1 AS TEXT), 'user', CAST($2 AS TEXT), 2, 'user.deactivated', 'x', "
             "CAST($3 AS BIGINT) FROM revocation_head WHERE partition = 1",
             NULL},
    [MARK] = {"probe.mark", TENANT,
              "UPDATE org_user SET revoked_seq = $3, revocation_id = $4 WHERE org_id = $1 "
              "AND id = $2",
              NULL},
};

struct probe {
    struct arena *arena, *kept;
    struct env env;
    struct store *store;
    struct db *db;
    struct load_seed seed;
    size_t next; /* session of whoever goes next */
};

static void must(const struct scope *scope, result done) {
    if (!is_ok(done)) {
        (void) fprintf(stderr, "probe: %s\n", scope->reason);
        exit(1);
    }
}

struct probe *probe_open(const char *url, const char *seed, size_t first) {
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL) {
        exit(1);
    }
    probe->arena = arena_new();
    probe->kept = arena_new();
    probe->env = (struct env){.clock = system_clock(), .random = system_random()};
    probe->next = first;
    load_seed_read(seed, &probe->seed);
    struct scope scope = {probe->kept, &probe->env, NULL};
    const struct store_settings settings = {
        .url = str_from_c(url),
        .statement_timeout_us = S_TO_US(10),
        .connect_timeout_us = S_TO_US(5),
    };
    must(&scope, store_open(&scope, &settings, &probe->store));
    must(&scope, db_open(&scope, probe->store, &probe->db));
    return probe;
}

static struct values values_of(struct scope *scope, size_t write, const struct value known[5]) {
    struct value *some = NEW_ARRAY(scope->arena, 5, struct value);
    for (size_t i = 0; i < 5; i++) {
        some[i] = known[i];
    }
    some[3] = value_text(uuid_v7(scope));
    switch (write) {
    case TAKE_OUT: return (struct values){some, 3};
    case SESSIONS:
    case TOKENS:
    case OIDC: return (struct values){some, 2};
    case EVENT_HEAD: return (struct values){some, 1};
    case HEAD: return NO_VALUES;
    case JOB: some[1] = known[4]; return (struct values){some, 4};
    case EVENT:
        some[1] = known[2];
        some[2] = known[4];
        return (struct values){some, 3};
    default: return (struct values){some, 4};
    }
}

/* Sent the way the server sends what it need not wait for: the yardstick is the quickest commit of
 * these rows that the same driver can make. */
static void write_rows(struct scope *scope, struct tx *tx, const struct load_session *leaver,
                       const char *org_id) {
    const struct value known[5] = {
        value_text(str_from_c(org_id)), value_text(str_from_c(leaver->user)),
        value_number(clock_now_us(scope->env->clock)), value_null(),
        value_text(STR("{\"user\":\"01a208e8-98a7-71c0-9cd9-35865a91ebb2\",\"epoch\":2}"))};
    for (size_t i = 0; i < sizeof WRITES / sizeof WRITES[0]; i++) {
        must(scope, tx_send(scope, tx, &WRITES[i], values_of(scope, i, known), NULL));
    }
}

uint64_t probe_commit(struct probe *probe) {
    struct scope scope = {probe->arena, &probe->env, NULL};
    const struct load_session *leaver = &probe->seed.sessions[probe->next];
    const size_t org = leaver->org;
    while (probe->next < probe->seed.count &&
           strcmp(probe->seed.sessions[probe->next].user, leaver->user) == 0) {
        probe->next++;
    }
    const uint64_t start = load_now_ns();
    AUTO(tx_end) struct tx *tx = NULL;
    must(&scope, tx_begin(&scope, probe->db, LANE_REVOCATION, &tx));
    write_rows(&scope, tx, leaver, probe->seed.orgs[org].id);
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
