#include "gateway/command_doctor.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/http_client.h"
#include "base/json.h"
#include "base/mail.h"
#include "gateway/command_store.h"
#include "gateway/data_dir.h"
#include "gateway/doctor_saml.h"
#include "gateway/doctor_store.h"
#include "gateway/seal_check_store.h"
#include "identity/connection.h"
#include "identity/saml/saml_jail_life.h"
#include "messaging/org.h"

enum { ORG_PAGE = 100, FILES_WANTED = 4096, MAX_SKEW_S = 5 };

enum verdict { VERDICT_GOOD, VERDICT_DOUBTFUL, VERDICT_BAD };

/* The list as it grows: lines for people are printed at once, JSON at the end. */
struct examination {
    struct command_call *call;
    struct command_store store;
    struct json_out json;
    size_t bad;
    bool has_schema;
};

static const char *verdict_name(enum verdict verdict) {
    switch (verdict) {
    case VERDICT_GOOD: return "ok";
    case VERDICT_DOUBTFUL: return "warning";
    case VERDICT_BAD: return "failed";
    }
    return "";
}

/* `advice`: what to do, in words; for a good verdict what was seen. */
static void report(struct examination *e, enum verdict verdict, struct str what,
                   const char *advice) {
    e->bad += verdict == VERDICT_BAD ? 1 : 0;
    const char *reason = e->call->scope->reason;
    e->call->scope->reason = NULL;
    if (!e->call->is_json) {
        (void) fprintf(e->call->out, "%-8s %.*s: %s%s%s%s\n", verdict_name(verdict), STR_ARG(what),
                       advice, reason == NULL ? "" : " (", reason == NULL ? "" : reason,
                       reason == NULL ? "" : ")");
        return;
    }
    json_out_open_object(&e->json);
    json_out_member(&e->json, "check", what);
    json_out_member(&e->json, "verdict", str_from_c(verdict_name(verdict)));
    json_out_member(&e->json, "advice", str_from_c(advice));
    json_out_member_or_null(&e->json, "reason", str_from_c(reason));
    json_out_close_object(&e->json);
}

static void examine_limits(struct examination *e) {
    struct rlimit files = {0, 0};
    (void) getrlimit(RLIMIT_NOFILE, &files);
    const bool is_enough = files.rlim_max >= FILES_WANTED;
    report(e, is_enough ? VERDICT_GOOD : VERDICT_DOUBTFUL, STR("open files"),
           is_enough ? "the limit leaves room for live connections"
                     : "raise LimitNOFILE: each live connection is an open file");
}

static void examine_clock(struct examination *e) {
    /* 2025-01-01: a clock before that was never set */
    const int64_t least_us = S_TO_US(INT64_C(1735689600));
    const bool is_set = clock_now_us(e->call->scope->env->clock) > least_us;
    report(e, is_set ? VERDICT_GOOD : VERDICT_BAD, STR("clock"),
           is_set ? "is set"
                  : "is years behind: sign-ins will be refused; set it and keep it by NTP");
}

static void examine_database_clock(struct examination *e, int64_t database_us) {
    const int64_t skew_us = database_us - clock_now_us(e->call->scope->env->clock);
    if (database_us == 0) {
        return;
    }
    const bool is_near = llabs(skew_us) < S_TO_US(MAX_SKEW_S);
    report(e, is_near ? VERDICT_GOOD : VERDICT_DOUBTFUL, STR("clock of the database"),
           is_near ? "agrees with ours" : "differs by seconds: keep both hosts by NTP");
}

static void examine_schema(struct examination *e) {
    struct scope *scope = e->call->scope;
    struct migration_list lists[TABLE_LISTS];
    const size_t count = tables_migrations(lists);
    const bool is_current = is_ok(migrate_check(scope, e->store.db, lists, count));
    e->has_schema = is_current;
    const bool will_be = e->call->settings->database_auto_migrate;
    report(e,
           is_current ? VERDICT_GOOD
           : will_be  ? VERDICT_DOUBTFUL
                      : VERDICT_BAD,
           STR("schema"),
           is_current ? "is up to date"
           : will_be  ? "is not this program's; serve will bring it up to date unless it is newer"
                      : "is not this program's: run gatehouse migrate");
}

/* A path below, NUL-terminated. False: nothing is there. */
static bool is_there(struct examination *e, struct str path) {
    return access(str_format(e->call->scope->arena, "%.*s", STR_ARG(path)).at, F_OK) == 0;
}

/* Looking must not make anything: what root makes, the server may not be able to use. */
static bool has_database(struct examination *e) {
    const struct str url = e->call->settings->database_url;
    return !str_has_prefix(url, STR("sqlite:")) || is_there(e, str_from(url, 7));
}

static bool has_key(struct examination *e) {
    const struct settings *settings = e->call->settings;
    const struct str path =
        str_format(e->call->scope->arena, "%.*s/secret.key", STR_ARG(settings->data_dir));
    return settings->secrets_key.bytes.len > 0 || is_there(e, path);
}

static void examine_database(struct examination *e) {
    struct scope *scope = e->call->scope;
    struct database_health health = {.clock_us = 0};
    struct str generation;
    if (!has_database(e)) {
        report(e, VERDICT_DOUBTFUL, STR("database"), "is not there yet: serve will make it");
        return;
    }
    if (!is_ok(command_store_connect(e->call, &e->store))) {
        report(e, VERDICT_BAD, STR("database"),
               "cannot be opened: check database.url, that it runs, and who may write");
        return;
    }
    report(e, VERDICT_GOOD, STR("database"), "can be opened");
    examine_schema(e);
    if (e->has_schema) {
        const bool has_one = is_ok(db_generation(scope, e->store.db, &generation));
        report(e, has_one ? VERDICT_GOOD : VERDICT_BAD, STR("generation of the database"),
               has_one ? "can be read"
                       : "cannot be read: is it a standby, or may the role not read "
                         "pg_control_system()? Grant it EXECUTE");
    }
    if (!is_ok(doctor_store_read(scope, e->store.db, &health))) {
        report(e, VERDICT_BAD, STR("durability"), "the database does not tell its settings");
        return;
    }
    report(e, health.is_durable ? VERDICT_GOOD : VERDICT_BAD, STR("durability"),
           health.is_durable
               ? "confirmed commits survive a loss of power"
               : "confirmed deactivations can be lost: switch fsync, full_page_writes and "
                 "synchronous_commit on");
    examine_database_clock(e, health.clock_us);
}

/* Whether this machine closes processes in as SAML needs it: one of each kind, and a message. */
static void examine_jail(struct examination *e) {
    const struct saml_jail_settings settings = {
        .env = e->call->scope->env,
        .roles = &SAML_JAIL_ROLES,
        .program = JAIL_OWN_PROGRAM,
        .children = {1, 1},
        .messages = 1,
    };
    struct scope *scope = e->call->scope;
    struct saml_jail *jail = NULL;
    const bool is_good = is_ok(saml_jail_new(scope, &settings, &jail)) &&
                         is_ok(saml_jail_ping(scope, jail, SAML_ROLE_VERIFY)) &&
                         is_ok(saml_jail_ping(scope, jail, SAML_ROLE_BUILD));
    saml_jail_free(&jail);
    report(e, is_good ? VERDICT_GOOD : VERDICT_BAD, STR("jail"),
           is_good ? "the processes that read SAML start, and answer"
                   : "the processes that read SAML do not start: seccomp filters and /proc must "
                     "be allowed here; the log says more");
}

static void examine_key(struct examination *e) {
    struct scope *scope = e->call->scope;
    struct secret key;
    if (!has_key(e)) {
        report(e, e->has_schema ? VERDICT_BAD : VERDICT_DOUBTFUL, STR("key"),
               e->has_schema ? "is gone, but the database was sealed with it: bring it back"
                             : "is not there yet: serve will make it");
        return;
    }
    if (!is_ok(data_dir_key(scope, e->call->settings, &key))) {
        report(e, VERDICT_BAD, STR("key"),
               "cannot be used: secret.key must be readable by its owner only (mode 0600)");
        return;
    }
    if (!e->has_schema) {
        report(e, VERDICT_GOOD, STR("key"), "is well-formed");
        return;
    }
    const bool is_right = is_ok(seal_check(scope, e->store.db, key));
    report(e, is_right ? VERDICT_GOOD : VERDICT_BAD, STR("key"),
           is_right ? "opens the secrets of this database"
                    : "does not open the secrets of this database: bring the right key back");
}

static void examine_mail(struct examination *e) {
    const struct settings *settings = e->call->settings;
    if (settings->smtp_url.len == 0) {
        report(e, VERDICT_DOUBTFUL, STR("mail"), "smtp.url has no value: no mail will be sent");
        return;
    }
    const struct smtp_settings smtp = {
        .url = settings->smtp_url,
        .from = settings->smtp_from,
        .user = settings->smtp_user,
        .password = settings->smtp_password,
        .ca_pem = settings->smtp_ca_pem,
        .is_plain_allowed = settings->smtp_allow_plain,
    };
    AUTO(smtp_mailer_free) struct mailer *mailer = smtp_mailer_new(&smtp);
    const bool is_reached = is_ok(smtp_probe(mailer, e->call->scope));
    report(e, is_reached ? VERDICT_GOOD : VERDICT_BAD, STR("mail"),
           is_reached ? "the relay answers" : "the relay cannot be used: check the smtp settings");
}

static void examine_provider(struct examination *e, struct http_client *http, const struct org *org,
                             const struct connection *connection) {
    struct scope *scope = e->call->scope;
    struct str issuer = connection->oidc.issuer;
    issuer.len -= str_has_suffix(issuer, STR("/")) ? 1 : 0;
    const struct http_call request = {
        .method = "GET",
        .url = str_format(scope->arena, "%.*s/.well-known/openid-configuration", STR_ARG(issuer)),
        .ca_pem = connection->oidc.ca_pem,
    };
    struct http_reply reply = {.status = 0};
    const bool is_answered = is_ok(http->send(http, scope, &request, &reply));
    const bool is_good = is_answered && reply.status == 200;
    const struct str what = str_format(scope->arena, "provider %.*s of %.*s",
                                       STR_ARG(connection->id), STR_ARG(org->slug));
    report(e, is_good ? VERDICT_GOOD : VERDICT_DOUBTFUL, what,
           is_good ? "its metadata can be read"
           : is_answered
               ? "answers, but not with its metadata: check the issuer"
               : "cannot be reached: check the issuer, its CA and outbound.allow_addresses");
}

/* What the server has noted about the provider. */
static void examine_stored(struct examination *e, const struct org *org,
                           const struct connection *connection) {
    struct scope *scope = e->call->scope;
    struct doctor_findings *findings = NEW(scope->arena, struct doctor_findings);
    if (connection->kind == CONNECTION_SCIM) {
        return;
    }
    const result looked = connection->kind == CONNECTION_SAML
                              ? doctor_saml(scope, e->store.db, connection, org->slug, findings)
                              : doctor_oidc(scope, e->store.db, connection, org->slug, findings);
    if (!is_ok(looked)) {
        report(e, VERDICT_BAD, connection->id, "what is stored about its provider cannot be read");
        return;
    }
    for (size_t i = 0; i < findings->count; i++) {
        const struct doctor_finding *finding = &findings->findings[i];
        report(e, finding->is_good ? VERDICT_GOOD : VERDICT_DOUBTFUL, finding->what,
               finding->advice);
    }
}

static void examine_org(struct examination *e, struct http_client *http, const struct org *org) {
    struct connection_list list;
    if (!is_ok(connection_list_all(e->call->scope, e->store.db, org->id, &list))) {
        report(e, VERDICT_BAD, org->slug, "its connections cannot be read");
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct connection *connection = &list.connections[i];
        if (connection->state != CONNECTION_ENABLED) {
            continue;
        }
        if (connection->kind == CONNECTION_OIDC) {
            examine_provider(e, http, org, connection);
        }
        examine_stored(e, org, connection);
    }
}

static void examine_providers(struct examination *e) {
    AUTO(curl_client_free)
    struct http_client *http = curl_client_new(&e->call->settings->outbound_allow_addresses);
    struct str after = STR("");
    do {
        struct org_list page;
        if (!is_ok(org_list(e->call->scope, e->store.db, ORG_PAGE, after, &page))) {
            report(e, VERDICT_BAD, STR("organisations"), "cannot be read");
            return;
        }
        for (size_t i = 0; i < page.count; i++) {
            examine_org(e, http, &page.orgs[i]);
        }
        after = page.next_cursor;
    } while (after.len > 0);
}

static void close_examination(struct examination *e) {
    command_store_close(&e->store);
}

int command_doctor(struct command_call *call) {
    AUTO(close_examination) struct examination e = {.call = call};
    e.json = json_out_begin(call->scope->arena);
    json_out_open_array(&e.json);
    report(&e, VERDICT_GOOD, STR("settings"), "are in order");
    examine_limits(&e);
    examine_clock(&e);
    examine_jail(&e);
    examine_database(&e);
    examine_key(&e);
    examine_mail(&e);
    if (e.has_schema) {
        examine_providers(&e);
    }
    json_out_close_array(&e.json);
    if (call->is_json) {
        (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&e.json)));
    }
    return e.bad == 0 ? COMMAND_DONE : COMMAND_FAILED;
}
