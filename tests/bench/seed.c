/* Fills a database for the load tools: organisations with people, sessions and a SCIM token each,
 * straight through the library, since sign-ins are not what these benches measure.
 *
 *     bench_seed DATABASE-URL SLUG ORGANISATIONS PEOPLE SESSIONS-PER-PERSON OUT
 *
 * PEOPLE is their number in all, dealt out one by one. OUT gets a line "org ID TOKEN" for each
 * organisation, then a line "session ORG USER COOKIE" for each session, ORG being the position of
 * the organisation. */

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "gateway/tables.h"
#include "identity/api_token.h"
#include "identity/session.h"
#include "messaging/org.h"

enum { PER_TRANSACTION = 200, ORGS_MAX = 64 };

static void must(const struct scope *scope, result done, const char *what) {
    if (!is_ok(done)) {
        (void) fprintf(stderr, "seed: %s: %s\n", what, scope->reason);
        exit(1);
    }
}

struct seeding {
    struct store *store;
    struct db *db;
    const struct env *env;
    struct messaging messaging;
    struct identity identity;
    struct table_storage tables;
    const char *slug;
    int org_count;
    struct str org_ids[ORGS_MAX];
    FILE *out;
};

static void migrate(struct scope *scope, struct seeding *seeding) {
    struct migration_list lists[TABLE_LISTS];
    int applied = 0;
    must(scope, migrate_run(scope, seeding->db, lists, tables_migrations(lists), &applied),
         "migrate");
    tables_registry(&seeding->tables);
    seeding->messaging.registry = &seeding->tables.registry;
    seeding->identity.session_idle_us = S_TO_US(INT64_C(86400));
    seeding->identity.session_absolute_us = S_TO_US(INT64_C(7) * 86400);
}

static void make_org(struct scope *scope, struct seeding *seeding, int number) {
    AUTO(tx_end) struct tx *tx = NULL;
    must(scope, tx_begin(scope, seeding->db, LANE_NORMAL, &tx), "begin");
    const struct new_org input = {
        .slug = str_format(scope->arena, "%s%d", seeding->slug, number),
        .name = STR("Bench"),
        .creator = {.user_name = STR("creator")},
        .source = SOURCE_OPERATOR,
    };
    struct org org;
    struct user creator;
    must(scope, org_create(scope, tx, &input, &org, &creator), "org");
    must(scope, tx_commit(scope, tx), "commit");
    seeding->org_ids[number] = org.id;
}

static void make_token(struct scope *scope, struct seeding *seeding, int number) {
    const struct str org_id = seeding->org_ids[number];
    const struct actor operator= {.kind = ACTOR_OPERATOR, .org_id = org_id};
    const struct new_api_token input = {
        .org_id = org_id,
        .kind = CREDENTIAL_SCIM_TOKEN,
        .name = STR("bench"),
        .expires_us = clock_now_us(scope->env->clock) + S_TO_US(INT64_C(86400)),
        .actor = &operator,
        .source = SOURCE_OPERATOR,
    };
    struct api_token token;
    struct str secret;
    must(scope, api_token_create(scope, seeding->db, &input, &token, &secret), "token");
    (void) fprintf(seeding->out, "org %.*s %.*s\n", STR_ARG(org_id), STR_ARG(secret));
}

static void make_person(struct scope *scope, struct seeding *seeding, struct tx *tx, int number,
                        int sessions) {
    const struct str name = str_format(scope->arena, "person%d", number);
    const int org = number % seeding->org_count;
    const struct user_profile profile = {.user_name = name, .external_id = name};
    struct user user;
    must(scope, user_create(scope, tx, seeding->org_ids[org], &profile, ROLE_MEMBER, true, &user),
         "user");
    for (int i = 0; i < sessions; i++) {
        const struct new_session input = {
            .org_id = seeding->org_ids[org],
            .user_id = user.id,
            .epoch = user.epoch,
            .method = "password",
            .received_us = clock_now_us(scope->env->clock),
        };
        struct session_secret secret;
        must(scope,
             session_create(scope, &seeding->identity, &seeding->messaging, tx, &input, &secret),
             "session");
        (void) fprintf(seeding->out, "session %d %.*s %.*s\n", org, STR_ARG(user.id),
                       STR_ARG(secret.cookie_value));
    }
}

static void make_people(struct seeding *seeding, int people, int sessions) {
    AUTO(arena_end) struct arena *arena = arena_new();
    for (int first = 0; first < people; first += PER_TRANSACTION) {
        struct scope scope = {arena, seeding->env, NULL};
        AUTO(tx_end) struct tx *tx = NULL;
        must(&scope, tx_begin(&scope, seeding->db, LANE_NORMAL, &tx), "begin");
        for (int i = first; i < people && i < first + PER_TRANSACTION; i++) {
            make_person(&scope, seeding, tx, i, sessions);
        }
        must(&scope, tx_commit(&scope, tx), "commit");
        arena_reset(arena);
    }
}

int main(int argc, char **argv) {
    if (argc != 7 || strtol(argv[3], NULL, 10) < 1 || strtol(argv[3], NULL, 10) > ORGS_MAX) {
        (void) fprintf(stderr, "usage: see the head of tests/bench/seed.c\n");
        return 2;
    }
    AUTO(arena_end) struct arena *arena = arena_new();
    const struct env env = {.clock = system_clock(), .random = system_random()};
    struct scope scope = {arena, &env, NULL};
    const struct store_settings settings = {
        .url = str_from_c(argv[1]),
        .statement_timeout_us = S_TO_US(60),
        .connect_timeout_us = S_TO_US(5),
    };
    struct seeding seeding = {.env = &env,
                              .slug = argv[2],
                              .org_count = (int) strtol(argv[3], NULL, 10),
                              .out = fopen(argv[6], "w")};
    if (seeding.out == NULL) {
        perror(argv[6]);
        return 1;
    }
    must(&scope, store_open(&scope, &settings, &seeding.store), "open");
    must(&scope, db_open(&scope, seeding.store, &seeding.db), "connect");
    migrate(&scope, &seeding);
    for (int i = 0; i < seeding.org_count; i++) {
        make_org(&scope, &seeding, i);
        make_token(&scope, &seeding, i);
    }
    make_people(&seeding, (int) strtol(argv[4], NULL, 10), (int) strtol(argv[5], NULL, 10));
    (void) fclose(seeding.out);
    db_close(&seeding.db);
    store_close(&seeding.store);
    return 0;
}
