/* Validations of a Response: the jail's way (frames, a child, the answer read back, the checks),
 * the gate with lasso behind it, and OpenSSL alone, turn by turn. CPU time of the caller, its
 * keepers and their children, those included that retired meanwhile. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/saml/saml_jail_life.h"
#include "tests/bench/process_tree.h"
#include "tests/bench/saml_bench.h"
#include "tests/bench/saml_peer.h"

enum { CALLERS = 4, CHILDREN = 2, BATCH = 64, RETIRE_AFTER = 1000, SUBJECTS = 3 };

struct subject {
    const char *name;
    enum saml_signed must_sign;
    bool is_encrypted;
    const char *form_text;
    struct str form_value, plain;
};

struct bench {
    struct scope scope;
    struct forge forge;
    struct saml_want want;
    struct saml_jail *jail;
    struct saml_peer *peer;
    struct str certificate, decryption_key;
    struct subject subjects[SUBJECTS];
    /* The yardstick. */
    EVP_PKEY *pkey;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct str signature;
};

/* As providers send them, each with the certificate in its signatures. */
static void forge_subjects(struct bench *bench) {
    struct arena *arena = bench->forge.arena;
    const struct forge_signing signing = {.key_info_xml = forge_x509_data(arena, FORGE_IDP)};
    const char *bare = forge_response(&bench->forge, &(struct forge_response){0});
    const char *assertion = forge_sign(arena, bare, SIGN_ASSERTION, &signing);
    const char *both = forge_sign(arena, assertion, SIGN_MESSAGE, &signing);
    const char *plain = cut(arena, assertion, "<saml:Assertion", "</saml:Assertion>");
    const char *hidden = forge_encrypt(arena, str_from_c(plain), "EncryptedAssertion",
                                       &(struct forge_encryption){.data = FORGE_AES256_GCM});
    const char *encrypted =
        forge_response(&bench->forge, &(struct forge_response){.assertion_xml = hidden});
    const char *texts[SUBJECTS] = {assertion, both, encrypted};
    const struct subject subjects[SUBJECTS] = {
        {.name = "assertion signed", .must_sign = SAML_SIGNED_ASSERTION},
        {.name = "both signed", .must_sign = SAML_SIGNED_BOTH},
        {.name = "encrypted (AES-256-GCM, RSA-OAEP), signed inside",
         .must_sign = SAML_SIGNED_ASSERTION,
         .is_encrypted = true,
         .plain = str_from_c(plain)},
    };
    for (size_t i = 0; i < SUBJECTS; i++) {
        bench->subjects[i] = subjects[i];
        bench->subjects[i].form_text = forge_base64(arena, str_from_c(forge_done(arena, texts[i])));
        bench->subjects[i].form_value = str_from_c(bench->subjects[i].form_text);
    }
}

static void fill_yardstick(struct bench *bench) {
    const struct str bytes = STR("as long as anything else");
    bench->pkey = forge_key(FORGE_IDP)->pkey;
    bench->signature = forge_sign_bytes(bench->forge.arena, bytes, &(struct forge_signing){0});
    memcpy(bench->digest, sha256(bench->forge.arena, bytes).at, sizeof bench->digest);
}

static result open_key(struct scope *scope, void *context, struct secret ret_keys[2],
                       size_t *ret_count) {
    const struct bench *bench = context;
    ret_keys[0].bytes = str_copy(scope->arena, bench->decryption_key);
    *ret_count = 1;
    return OK_RESULT;
}

/* One worker of the server; each with a connection of its own, or half of the children would idle.
 */
struct caller {
    pthread_t thread;
    struct bench *bench;
    const struct subject *subject;
    char connection[16];
    bool is_good;
};

static void *call_jail(void *context) {
    struct caller *caller = context;
    struct bench *bench = caller->bench;
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {arena, bench->scope.env, ""};
    const struct saml_key_source keys = {open_key, bench};
    const struct saml_trust trust = {.connection_id = str_from_c(caller->connection),
                                     .certificate_count = 1,
                                     .certificates = &bench->certificate,
                                     .must_sign = caller->subject->must_sign};
    caller->is_good = true;
    for (int i = 0; i < BATCH && caller->is_good; i++) {
        struct saml_response *facts = NEW(arena, struct saml_response);
        struct saml_finding finding;
        caller->is_good = is_ok(saml_jail_response(&scope, bench->jail, &trust, &keys,
                                                   caller->subject->form_value, facts)) &&
                          is_ok(saml_check(&scope, facts, &bench->want, &finding));
        if (!caller->is_good) {
            (void) fprintf(stderr, "saml: ours: %s\n", scope.reason);
        }
        arena_reset(arena);
    }
    return NULL;
}

static bool run_ours(struct bench *bench, const struct subject *subject) {
    struct caller callers[CALLERS];
    bool is_good = true;
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.bench = bench, .subject = subject};
        (void) snprintf(callers[i].connection, sizeof callers[i].connection, "connection-%d", i);
        if (pthread_create(&callers[i].thread, NULL, call_jail, &callers[i]) != 0) {
            abort();
        }
    }
    for (int i = 0; i < CALLERS; i++) {
        (void) pthread_join(callers[i].thread, NULL);
        is_good = is_good && callers[i].is_good;
    }
    return is_good;
}

static bool run_peer(struct bench *bench, const struct subject *subject) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {arena, bench->scope.env, ""};
    bool is_good = true;
    for (int i = 0; i < BATCH * CALLERS && is_good; i++) {
        is_good = saml_peer_accepts(&scope, bench->peer, subject->form_value, subject->form_text,
                                    subject->plain, &bench->want);
        arena_reset(arena);
    }
    if (!is_good) {
        (void) fprintf(stderr, "saml: peer: %s\n", scope.reason);
    }
    return is_good;
}

static bool run_yardstick(struct bench *bench) {
    EVP_PKEY_CTX *verifier = EVP_PKEY_CTX_new(bench->pkey, NULL);
    bool is_good = EVP_PKEY_verify_init(verifier) == 1 &&
                   EVP_PKEY_CTX_set_signature_md(verifier, EVP_sha256()) == 1;
    for (int i = 0; i < BATCH * CALLERS && is_good; i++) {
        is_good = EVP_PKEY_verify(verifier, (const unsigned char *) bench->signature.at,
                                  bench->signature.len, bench->digest, sizeof bench->digest) == 1;
    }
    EVP_PKEY_CTX_free(verifier);
    return is_good;
}

struct figures {
    double yardstick, ours, peer; /* CPU seconds */
    int turns;
};

/* One turn of each, so that all three see the same machine. The tree is this process, too. */
static bool take_turn(struct bench *bench, const struct subject *subject, struct figures *figures) {
    const double start = process_tree_seconds(getpid());
    const bool first = run_yardstick(bench);
    const double after_yardstick = process_tree_seconds(getpid());
    const bool second = run_ours(bench, subject);
    const double after_ours = process_tree_seconds(getpid());
    const bool third = run_peer(bench, subject);
    const double after_peer = process_tree_seconds(getpid());
    figures->yardstick += after_yardstick - start;
    figures->ours += after_ours - after_yardstick;
    figures->peer += after_peer - after_ours;
    figures->turns++;
    return first && second && third;
}

static bool measure(struct bench *bench, const struct subject *subject, double seconds) {
    struct figures figures = {0};
    while (figures.yardstick + figures.ours + figures.peer < seconds) {
        if (!take_turn(bench, subject, &figures)) {
            return false;
        }
    }
    const double us = 1e6 / ((double) figures.turns * BATCH * CALLERS);
    (void) printf("{\"name\":\"%s\",\"messages\":%d,\"openssl_us\":%.2f,\"ours_us\":%.2f,"
                  "\"peer_us\":%.2f}",
                  subject->name, figures.turns * BATCH * CALLERS, figures.yardstick * us,
                  figures.ours * us, figures.peer * us);
    return true;
}

static bool measure_all(struct bench *bench, double seconds, long rounds) {
    bool is_good = true;
    (void) printf("{\"rounds\":[");
    for (long round = 0; round < rounds && is_good; round++) {
        (void) printf("%s[", round == 0 ? "" : ",");
        for (size_t i = 0; i < SUBJECTS && is_good; i++) {
            (void) printf(i == 0 ? "" : ",");
            is_good = measure(bench, &bench->subjects[i], seconds);
        }
        (void) printf("]");
    }
    (void) printf("]}\n");
    return is_good;
}

/* Children and caches are there before anything counts. */
static bool warm_up(struct bench *bench) {
    bool is_good = is_ok(saml_jail_ping(&bench->scope, bench->jail, SAML_ROLE_VERIFY)) &&
                   is_ok(saml_jail_ping(&bench->scope, bench->jail, SAML_ROLE_BUILD));
    for (size_t i = 0; i < SUBJECTS && is_good; i++) {
        is_good = run_ours(bench, &bench->subjects[i]) && run_peer(bench, &bench->subjects[i]);
    }
    return is_good;
}

static void fill_want(struct bench *bench) {
    const struct forge *forge = &bench->forge;
    bench->want = (struct saml_want){.acs_url = str_from_c(forge->acs),
                                     .idp_entity_id = str_from_c(forge->idp),
                                     .sp_entity_id = str_from_c(forge->sp),
                                     .request_id = str_from_c(forge->request_id),
                                     .now_us = forge->now_us,
                                     .skew_us = S_TO_US(120)};
}

int saml_acs_run(char **args) {
    const struct env env = {.clock = system_clock(), .random = system_random()};
    AUTO(arena_end) struct arena *arena = arena_new();
    static struct bench bench;
    bench = (struct bench){.scope = {arena, &env, ""}, .forge = forge_begin(arena)};
    fill_want(&bench);
    bench.certificate = forge_key(FORGE_IDP)->certificate;
    bench.decryption_key = forge_private_pem(arena, FORGE_SP);
    forge_subjects(&bench);
    fill_yardstick(&bench);
    const struct saml_jail_settings settings = {
        .env = &env,
        .roles = &SAML_JAIL_ROLES,
        .program = JAIL_OWN_PROGRAM,
        .children = {[SAML_ROLE_VERIFY] = CHILDREN, [SAML_ROLE_BUILD] = 1},
        .messages = RETIRE_AFTER};
    bench.peer = saml_peer_new(&bench.scope, &bench.forge);
    bool is_good = bench.peer != NULL &&
                   is_ok(saml_jail_new(&bench.scope, &settings, &bench.jail)) && warm_up(&bench) &&
                   measure_all(&bench, strtod(args[0], NULL), strtol(args[1], NULL, 10));
    saml_jail_free(&bench.jail);
    saml_peer_free(&bench.peer);
    return is_good ? 0 : 1;
}
