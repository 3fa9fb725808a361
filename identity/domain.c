#include "identity/domain.h"

#include "base/clock.h"
#include "base/dns.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/domain_store.h"
#include "messaging/audit.h"
#include "messaging/org.h"
#include "messaging/user.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63, CHALLENGE_BYTES = 24 };
static const char CHALLENGE_PREFIX[] = "gatehouse-domain-verification=";

static bool is_label(struct str label) {
    if (label.len == 0 || label.len > LABEL_MAX_BYTES || label.at[0] == '-' ||
        label.at[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        const char byte = label.at[i];
        if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-')) {
            return false;
        }
    }
    return true;
}

/* Internationalised names come in their ASCII form (xn--…). */
result domain_name_check(struct scope *scope, struct str text, struct str *ret) {
    const struct str name = str_lower_ascii(scope->arena, text);
    REQUIRE(scope, name.len <= NAME_MAX_BYTES, INVALID, "domain.name");
    size_t labels = 0;
    struct str rest = name;
    struct str label = STR("");
    while (rest.len > 0) {
        const bool is_last = str_find_byte(rest, '.') < 0;
        rest = str_split(rest, '.', &label);
        REQUIRE(scope, is_label(label) && (is_last || rest.len > 0), INVALID, "domain.name");
        labels++;
    }
    /* An address in digits is no domain. */
    REQUIRE(scope, labels >= 2 && label.at[0] >= 'a', INVALID, "domain.name");
    *ret = name;
    return OK_RESULT;
}

struct str domain_record_name(struct scope *scope, struct str domain) {
    return str_format(scope->arena, "_gatehouse-challenge.%.*s", STR_ARG(domain));
}

static struct domain new_domain(struct scope *scope, struct str org_id, struct str name,
                                struct str connection_id) {
    return (struct domain){
        .org_id = org_id,
        .name = name,
        .connection_id = connection_id,
        .challenge = str_format(scope->arena, "%s%.*s", CHALLENGE_PREFIX,
                                STR_ARG(random_token(scope, CHALLENGE_BYTES))),
        .created_us = clock_now_us(scope->env->clock),
    };
}

static result audit(struct scope *scope, struct tx *tx, const struct actor *actor,
                    struct str request_id, struct str name, enum audit_action action) {
    const struct audit row = {
        .org_id = actor->org_id,
        .actor = actor,
        .source = SOURCE_CONSOLE,
        .action = action,
        .subject_kind = SUBJECT_DOMAIN,
        .subject_id = name,
        .request_id = request_id,
    };
    return audit_append(scope, tx, &row);
}

result domain_add(struct scope *scope, struct db *db, const struct actor *actor,
                  struct str request_id, struct str name, struct domain *ret) {
    struct str checked;
    TRY(domain_name_check(scope, name, &checked));
    const struct domain domain = new_domain(scope, actor->org_id, checked, STR(""));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, actor));
    int64_t count = 0;
    TRY(domain_store_count(scope, tx_db(tx), actor->org_id, &count));
    REQUIRE(scope, count < DOMAINS_PER_ORG, CONFLICT, "domain.limit");
    TRY(domain_store_insert(scope, tx, &domain));
    TRY(audit(scope, tx, actor, request_id, checked, AUDIT_DOMAIN_ADDED));
    TRY(tx_commit(scope, tx));
    *ret = domain;
    return OK_RESULT;
}

result domain_find(struct scope *scope, struct db *db, struct str org_id, struct str name,
                   struct domain *ret) {
    return domain_store_find(scope, db, org_id, name, ret);
}

result domain_list_all(struct scope *scope, struct db *db, struct str org_id,
                       struct domain_list *ret) {
    return domain_store_list(scope, db, org_id, ret);
}

static result challenge_is_published(struct scope *scope, const struct domain *domain, bool *ret) {
    struct dns *dns = scope->env->dns;
    REQUIRE(scope, dns != NULL, UNAVAILABLE, "dns.failed");
    struct dns_texts texts = {.count = 0};
    TRY(dns->txt(dns, scope, domain_record_name(scope, domain->name), &texts));
    *ret = false;
    for (size_t i = 0; i < texts.count; i++) {
        *ret = *ret || str_eq(texts.texts[i], domain->challenge);
    }
    return OK_RESULT;
}

result domain_prove(struct scope *scope, struct db *db, const struct actor *actor,
                    struct str request_id, struct str name, struct domain *ret) {
    struct domain domain;
    TRY(domain_store_find(scope, db, actor->org_id, name, &domain));
    bool is_published = domain.verified_us > 0;
    const bool was_proved = is_published;
    if (!was_proved) {
        TRY(challenge_is_published(scope, &domain, &is_published));
    }
    if (was_proved || !is_published) {
        *ret = domain;
        return OK_RESULT;
    }
    domain.verified_us = clock_now_us(scope->env->clock);
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, actor));
    const result routed =
        lookup_insert(scope, tx, LOOKUP_DOMAIN, domain.name, domain.org_id, domain.name);
    REQUIRE(scope, routed.code != CONFLICT, CONFLICT, "domain.taken");
    TRY(routed);
    TRY(domain_store_set_verified(scope, tx, &domain));
    TRY(audit(scope, tx, actor, request_id, domain.name, AUDIT_DOMAIN_PROVED));
    TRY(tx_commit(scope, tx));
    *ret = domain;
    return OK_RESULT;
}

result domain_remove(struct scope *scope, struct db *db, const struct actor *actor,
                     struct str request_id, struct str name) {
    struct domain domain;
    TRY(domain_store_find(scope, db, actor->org_id, name, &domain));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, actor));
    TRY(domain_store_delete(scope, tx, actor->org_id, domain.name));
    TRY(lookup_delete(scope, tx, LOOKUP_DOMAIN, domain.name, actor->org_id));
    TRY(audit(scope, tx, actor, request_id, domain.name, AUDIT_DOMAIN_REMOVED));
    return tx_commit(scope, tx);
}

result domain_is_proved(struct scope *scope, struct db *db, struct str org_id, struct str name,
                        bool *ret) {
    struct domain domain;
    const result found = domain_store_find(scope, db, org_id, name, &domain);
    if (found.code == NOT_FOUND) {
        *ret = false;
        return OK_RESULT;
    }
    TRY(found);
    *ret = domain.verified_us > 0;
    return OK_RESULT;
}

result domain_claim(struct scope *scope, struct tx *tx, struct str org_id, struct str name,
                    struct str connection_id) {
    const struct domain domain = new_domain(scope, org_id, name, connection_id);
    return domain_store_claim(scope, tx, &domain);
}

result domain_release(struct scope *scope, struct tx *tx, struct str org_id,
                      struct str connection_id) {
    return domain_store_release(scope, tx, org_id, connection_id);
}

result domain_find_proved(struct scope *scope, struct db *db, struct str name, struct domain *ret) {
    struct lookup lookup;
    const result found = lookup_find(scope, db, LOOKUP_DOMAIN, name, &lookup);
    REQUIRE(scope, found.code != NOT_FOUND, NOT_FOUND, "domain.unknown");
    TRY(found);
    return domain_store_find(scope, db, lookup.org_id, name, ret);
}
