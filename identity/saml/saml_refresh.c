#include "identity/saml/saml_refresh.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "identity/alert.h"
#include "identity/saml/saml_facts.h"
#include "identity/saml/saml_fetch.h"
#include "identity/saml/saml_provider_store.h"
#include "messaging/audit.h"
#include "messaging/user.h"

enum { AT_ONCE = 4 };
/* A job that is lost is handed out again. */
static const int64_t AGAIN_US = S_TO_US(3600);

/* What a look at the provider has brought. */
struct outcome {
    struct saml_provider after;
    bool is_new_version;
    size_t added, removed;
    bool waits_anew, lost_keys; /* administrators have not heard of it yet */
};

static uint32_t any_number(struct scope *scope) {
    uint32_t number = 0;
    scope->env->random->bytes(scope->env->random, &number, sizeof number);
    return number;
}

static void note_failure(struct scope *scope, const char *reason, struct outcome *outcome) {
    struct saml_provider *after = &outcome->after;
    const struct str why = str_first(str_from_c(reason), SAML_FAILURE_MAX);
    outcome->lost_keys = str_eq(why, STR("saml.metadata_key")) && !str_eq(why, after->failure);
    after->failures++;
    after->failure = why;
    after->next_us = saml_next_retry_us(after->failures, after->fetched_us, any_number(scope));
}

static void note_facts(struct scope *scope, const struct saml_fetched *fetched,
                       struct outcome *outcome) {
    struct saml_provider *after = &outcome->after;
    struct saml_merge *merge = NEW(scope->arena, struct saml_merge);
    saml_facts_merge(&after->facts, &fetched->idp, merge);
    outcome->added = merge->added;
    outcome->removed = merge->removed;
    after->facts = merge->facts;
    after->etag = fetched->etag;
    const struct str hash =
        merge->must_wait ? saml_facts_hash(scope, &after->facts, &fetched->idp) : STR("");
    const bool is_same_wait = str_eq(hash, after->has_pending ? after->pending_hash : STR(""));
    outcome->waits_anew = merge->must_wait && !is_same_wait;
    outcome->is_new_version = merge->is_changed || !is_same_wait;
    after->has_pending = merge->must_wait;
    after->pending = fetched->idp;
    after->pending_hash = hash;
    after->changed_us = merge->is_changed ? after->fetched_us : after->changed_us;
}

static void look(struct scope *scope, const struct saml_reader *reader,
                 const struct saml_provider *before, struct outcome *outcome) {
    struct saml_fetched *fetched = NEW(scope->arena, struct saml_fetched);
    *outcome = (struct outcome){.after = *before};
    struct saml_provider *after = &outcome->after;
    const result done = saml_fetch(scope, reader, before, fetched);
    after->fetched_us = clock_now_us(scope->env->clock);
    if (!is_ok(done)) {
        note_failure(scope, scope->reason, outcome);
        scope->reason = NULL;
        return;
    }
    after->good_us = after->fetched_us;
    after->failures = 0;
    after->failure = STR("");
    if (!fetched->is_unchanged) {
        note_facts(scope, fetched, outcome);
    }
    after->next_us = saml_next_refresh_us(&after->facts, after->fetched_us, any_number(scope));
}

static result audit(struct scope *scope, struct tx *tx, const struct saml_provider *provider,
                    const struct connection_change *change, enum audit_action action) {
    static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};
    const struct audit row = {
        .org_id = provider->org_id,
        .actor = change == NULL ? &SYSTEM : change->actor,
        .source = change == NULL ? SOURCE_POLICY : SOURCE_CONSOLE,
        .action = action,
        .subject_kind = SUBJECT_CONNECTION,
        .subject_id = provider->connection_id,
        .request_id = change == NULL ? STR("") : change->request_id,
    };
    return audit_append(scope, tx, &row);
}

static result raise(struct scope *scope, struct tx *tx, const struct saml_provider *provider,
                    enum alert_kind kind) {
    const struct alert alert = {
        .kind = kind, .org_id = provider->org_id, .connection_id = provider->connection_id};
    return alert_raise(scope, tx, &alert);
}

static result tell(struct scope *scope, struct tx *tx, const struct outcome *outcome,
                   const struct connection_change *change) {
    const struct saml_provider *after = &outcome->after;
    if (outcome->added > 0) {
        TRY(audit(scope, tx, after, change, AUDIT_PROVIDER_KEYS_ADDED));
    }
    if (outcome->removed > 0) {
        TRY(audit(scope, tx, after, change, AUDIT_PROVIDER_KEYS_REMOVED));
    }
    if (outcome->waits_anew) {
        TRY(audit(scope, tx, after, change, AUDIT_PROVIDER_WAITS));
    }
    if (outcome->added > 0) {
        TRY(raise(scope, tx, after, ALERT_PROVIDER_NEW_KEYS));
    }
    if (outcome->waits_anew) {
        TRY(raise(scope, tx, after, ALERT_PROVIDER_WAITS));
    }
    return outcome->lost_keys ? raise(scope, tx, after, ALERT_PROVIDER_KEYS) : OK_RESULT;
}

/* `change` NULL: the job's. */
static result refresh(struct scope *scope, const struct saml_reader *reader,
                      const struct connection_change *change, struct db *db,
                      struct saml_provider *provider) {
    struct outcome *outcome = NEW(scope->arena, struct outcome);
    look(scope, reader, provider, outcome);
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    if (change != NULL) {
        TRY(user_guard_actor(scope, tx, change->actor));
    }
    TRY(saml_provider_store_update(scope, tx, &outcome->after, outcome->is_new_version));
    TRY(tell(scope, tx, outcome, change));
    TRY(tx_commit(scope, tx));
    *provider = outcome->after;
    provider->version += outcome->is_new_version ? 1 : 0;
    if (provider->failure.len > 0) {
        log_info(scope, "provider.refresh_failed", LOG_ORG(provider->org_id),
                 LOG_ID("connection", provider->connection_id), LOG_ID("why", provider->failure),
                 LOG_COUNT("failures", provider->failures));
    }
    return OK_RESULT;
}

result saml_refresh_schedule(struct scope *scope, struct db *db) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct saml_due *due = NULL;
    size_t count = 0;
    bool is_due = false;
    TRY(saml_provider_store_is_due(scope, db, now_us, &is_due));
    if (!is_due) {
        return OK_RESULT;
    }
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(saml_provider_store_claim_due(scope, tx, now_us, now_us + AGAIN_US, AT_ONCE, &due, &count));
    for (size_t i = 0; i < count; i++) {
        struct json *payload = json_new_object(scope->arena);
        json_set(scope->arena, payload, STR("connection"),
                 json_new_string(scope->arena, due[i].connection_id));
        TRY(job_enqueue(scope, tx, due[i].org_id, STR(SAML_REFRESH_JOB),
                        json_write(scope->arena, payload), now_us));
    }
    return tx_commit(scope, tx);
}

result saml_refresh_run(struct scope *scope, const struct saml_reader *reader, struct db *db,
                        const struct job *job) {
    const struct json *payload = NULL;
    struct str connection_id = STR("");
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    REQUIRE(scope, reader != NULL, UNAVAILABLE, "saml.no_jail");
    TRY(json_read(scope, job->payload, &payload));
    TRY(json_need_string(scope, payload, STR("connection"), &connection_id));
    const result found = saml_provider_store_find(scope, db, job->org_id, connection_id, provider);
    if (found.code == NOT_FOUND || (is_ok(found) && provider->origin != SAML_ORIGIN_URL)) {
        return OK_RESULT;
    }
    TRY(found);
    const result done = refresh(scope, reader, NULL, db, provider);
    /* Somebody else wrote meanwhile: what they wrote is newer than what we saw. */
    return done.code == CONFLICT ? OK_RESULT : done;
}

result saml_refresh_now(struct scope *scope, const struct saml_reader *reader,
                        const struct connection_change *change, struct db *db,
                        struct saml_provider *provider) {
    REQUIRE(scope, reader != NULL, UNAVAILABLE, "saml.no_jail");
    REQUIRE(scope, provider->origin == SAML_ORIGIN_URL, CONFLICT, "saml.provider_not_fetched");
    return refresh(scope, reader, change, db, provider);
}

result saml_refresh_accept(struct scope *scope, const struct connection_change *change,
                           struct db *db, struct str hash, struct saml_provider *provider) {
    struct saml_provider *after = NEW(scope->arena, struct saml_provider);
    const int64_t now_us = clock_now_us(scope->env->clock);
    REQUIRE(scope, provider->has_pending, CONFLICT, "saml.provider_nothing");
    REQUIRE(scope, str_eq(hash, provider->pending_hash), CONFLICT, "saml.provider_changed");
    REQUIRE(scope,
            !provider->pending.valid_until.is_present || provider->pending.valid_until.us > now_us,
            INVALID, "saml.metadata_expired");
    *after = *provider;
    after->facts = provider->pending;
    after->has_pending = false;
    after->changed_us = now_us;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(saml_provider_store_update(scope, tx, after, true));
    TRY(audit(scope, tx, after, change, AUDIT_PROVIDER_ACCEPTED));
    TRY(tx_commit(scope, tx));
    after->version++;
    *provider = *after;
    return OK_RESULT;
}
