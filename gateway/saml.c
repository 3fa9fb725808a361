#include "gateway/saml.h"

#include <unistd.h>

#include "gateway/app.h"
#include "gateway/metric.h"
#include "gateway/metric_saml.h"

/* For what happens before and behind the jail: the database, and waiting for a child. */
enum { SPARE_WORKERS = 4 };

/* METRIC_JAIL_DEATHS: a row of three causes for each role. */
static void count_death(void *context, size_t role, enum jail_outcome cause) {
    const struct gateway_saml *saml = context;
    const size_t place = cause == JAIL_TIMED_OUT        ? JAIL_DEATH_TIMEOUT
                         : cause == JAIL_BROKE_PROTOCOL ? JAIL_DEATH_PROTOCOL
                                                        : JAIL_DEATH_CRASH;
    metric_add_labelled(saml->metrics, METRIC_JAIL_DEATHS, role * JAIL_DEATHS + place, 1);
}

static void count_message(void *context, enum saml_message_kind kind, enum saml_reason reason) {
    const struct gateway_saml *saml = context;
    metric_add_labelled(saml->metrics, METRIC_SAML_MESSAGES, saml_message_label(kind, reason), 1);
}

/* Two at least: of one, no connection could be kept from taking more than half. */
static size_t verify_children(const struct serve_settings *settings) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t wanted = settings->jail_children > 0 ? settings->jail_children
                          : cores > 2                 ? (size_t) cores
                                                      : 2;
    return wanted < JAIL_CHILDREN_MAX ? wanted : JAIL_CHILDREN_MAX;
}

unsigned gateway_saml_workers(const struct serve_settings *settings) {
    if (settings->jail_program == NULL) {
        return SPARE_WORKERS;
    }
    return (unsigned) (verify_children(settings) + settings->jail_build_children) + SPARE_WORKERS;
}

result gateway_saml_start(struct scope *scope, struct app *app, struct gateway_saml *saml) {
    const struct serve_settings *settings = app->settings;
    *saml = (struct gateway_saml){.metrics = app->metrics};
    if (settings->jail_program == NULL) {
        return OK_RESULT;
    }
    const struct saml_jail_settings jail = {
        .env = &app->env,
        .roles = &SAML_JAIL_ROLES,
        .program = settings->jail_program,
        .children = {[SAML_ROLE_VERIFY] = verify_children(settings),
                     [SAML_ROLE_BUILD] = settings->jail_build_children},
        .messages = settings->jail_messages,
        .on_death = count_death,
        .context = saml,
    };
    TRY(saml_jail_new(scope, &jail, &saml->jail));
    saml->reader = (struct saml_reader){
        .read = saml_jail_read,
        .context = saml->jail,
        .http_rules = &settings->outbound_allowed,
    };
    saml->meter = (struct saml_meter){count_message, saml};
    app->identity.saml_meter = &saml->meter;
    app->identity.saml_jail = saml->jail;
    app->identity.saml_reader = &saml->reader;
    return OK_RESULT;
}

void gateway_saml_stop(struct gateway_saml *saml) {
    saml_jail_free(&saml->jail);
}

void gateway_saml_measure(struct gateway_saml *saml) {
    for (size_t role = 0; saml->jail != NULL && role < SAML_ROLE_COUNT; role++) {
        struct jail_stats stats;
        saml_jail_stats(saml->jail, (enum saml_role) role, &stats);
        metric_set_labelled(saml->metrics, METRIC_JAIL_CHILDREN, role, (int64_t) stats.children);
        metric_set_labelled(saml->metrics, METRIC_JAIL_BUSY, role, (int64_t) stats.busy);
        metric_set_labelled(saml->metrics, METRIC_JAIL_WAITING, role, (int64_t) stats.waiting);
    }
}
