#include "gateway/doctor_saml.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/time_text.h"
#include "identity/oidc/oidc_health.h"
#include "identity/saml/saml_facts.h"
#include "identity/saml/saml_key.h"
#include "identity/saml/saml_provider.h"

enum { SOON_DAYS = 30, FINGERPRINT_SHOWN = 16, DATE_LEN = 10 };
static const int64_t DAY_US = S_TO_US(86400);

static void add(struct doctor_findings *findings, bool is_good, struct str what,
                const char *advice) {
    if (findings->count < DOCTOR_FINDINGS_MAX) {
        findings->findings[findings->count++] = (struct doctor_finding){is_good, what, advice};
    }
}

static struct str name_of(struct scope *scope, const char *what,
                          const struct connection *connection, struct str org) {
    return str_format(scope->arena, "%s of connection %.*s of %.*s", what, STR_ARG(connection->id),
                      STR_ARG(org));
}

struct seen {
    const struct connection *connection;
    struct str org;
    struct doctor_findings *findings;
    int64_t now_us;
};

static void see_certificate(struct scope *scope, const struct seen *seen, bool is_own,
                            struct str fingerprint, int64_t not_after_us) {
    if (not_after_us - seen->now_us > SOON_DAYS * DAY_US) {
        return;
    }
    const struct str what = str_format(
        scope->arena, "%s certificate %.*s (until %.*s) of connection %.*s of %.*s",
        is_own ? "our" : "the provider's", STR_ARG(str_first(fingerprint, FINGERPRINT_SHOWN)),
        STR_ARG(str_first(time_format(scope->arena, not_after_us), DATE_LEN)),
        STR_ARG(seen->connection->id), STR_ARG(seen->org));
    const bool is_over = not_after_us <= seen->now_us;
    const char *own = is_over ? "has expired: publish a new key, give the provider our metadata, "
                                "then activate it"
                              : "expires soon: publish a new key, give the provider our metadata, "
                                "then activate it";
    const char *theirs = is_over
                             ? "has expired; signatures still count, but the provider should "
                               "replace it"
                             : "expires soon: a new one is taken over from the metadata's address, "
                               "else bring the new metadata";
    add(seen->findings, false, what, is_own ? own : theirs);
}

static void see_provider(struct scope *scope, const struct seen *seen,
                         const struct saml_provider *provider) {
    const struct str what = name_of(scope, "metadata", seen->connection, seen->org);
    const struct saml_time *until = &provider->facts.valid_until;
    if (until->is_present && until->us <= seen->now_us) {
        add(seen->findings, false, what, "is past its validUntil: nobody can sign in");
    } else if (until->is_present && until->us - seen->now_us < 2 * DAY_US &&
               provider->failures > 0) {
        add(seen->findings, false, what, "runs out within two days and cannot be fetched");
    }
    if (provider->failures > 0 && seen->now_us - provider->good_us > DAY_US) {
        add(seen->findings, false, what,
            "could not be fetched for more than a day: the last good "
            "copy serves; see the connection's provider page");
    }
    if (provider->has_pending) {
        add(seen->findings, false, what, "has changed: an administrator must look and accept");
    }
    for (size_t i = 0; i < provider->facts.certificate_count; i++) {
        const struct saml_certificate *certificate = &provider->facts.certificates[i];
        see_certificate(scope, seen, false, saml_fingerprint(scope, certificate->der),
                        certificate->not_after_us);
    }
}

result doctor_saml(struct scope *scope, struct db *db, const struct connection *connection,
                   struct str org, struct doctor_findings *ret) {
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    struct saml_own_keys *keys = NEW(scope->arena, struct saml_own_keys);
    struct doctor_findings *findings = NEW(scope->arena, struct doctor_findings);
    const struct seen seen = {connection, org, findings, clock_now_us(scope->env->clock)};
    const result found =
        saml_provider_find(scope, db, connection->org_id, connection->id, provider);
    if (found.code == NOT_FOUND) {
        scope->reason = NULL;
        add(findings, false, name_of(scope, "metadata", connection, org), "is missing: bring it");
        *ret = *findings;
        return OK_RESULT;
    }
    TRY(found);
    see_provider(scope, &seen, provider);
    TRY(saml_keys_list(scope, db, connection->org_id, connection->id, keys));
    for (size_t i = 0; i < keys->count; i++) {
        see_certificate(scope, &seen, true, keys->keys[i].fingerprint, keys->keys[i].not_after_us);
    }
    if (findings->count == 0) {
        add(findings, true, name_of(scope, "metadata", connection, org),
            "is good; no certificate expires within 30 days");
    }
    *ret = *findings;
    return OK_RESULT;
}

result doctor_oidc(struct scope *scope, struct db *db, const struct connection *connection,
                   struct str org, struct doctor_findings *ret) {
    struct oidc_health health;
    struct doctor_findings *findings = NEW(scope->arena, struct doctor_findings);
    const result found = oidc_health_find(scope, db, connection->org_id, connection->id, &health);
    const struct str what = name_of(scope, "hourly check", connection, org);
    if (found.code == NOT_FOUND || (is_ok(found) && health.checked_us == 0)) {
        scope->reason = NULL;
        add(findings, true, what, "has not run yet: the server does it");
        *ret = *findings;
        return OK_RESULT;
    }
    TRY(found);
    const bool is_good = health.failures == 0;
    add(findings, is_good, what,
        is_good ? "went well the last time"
                : "failed the last time; sign-ins go on with what is known, for a day at most");
    *ret = *findings;
    return OK_RESULT;
}
