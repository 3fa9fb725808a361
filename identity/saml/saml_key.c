#include "identity/saml/saml_key.h"

#include <assert.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "base/x509.h"
#include "identity/identity.h"
#include "identity/saml/saml_key_store.h"
#include "messaging/audit.h"
#include "messaging/user.h"

static const char *const USES[] = {
    [SAML_KEY_SIGNING] = "signing",
    [SAML_KEY_ENCRYPTION] = "encryption",
};
static_assert(sizeof USES / sizeof *USES == SAML_KEY_USE_COUNT, "one name each");

static const char *const STATES[] = {
    [SAML_KEY_PUBLISHED] = "published",
    [SAML_KEY_ACTIVE] = "active",
    [SAML_KEY_RETIRING] = "retiring",
};
static_assert(sizeof STATES / sizeof *STATES == SAML_KEY_STATE_COUNT, "one name each");

/* A clock that is a little behind must not find our certificate too young. */
static const int64_t BACK_US = INT64_C(3600) * US_PER_S;
static const int64_t LIFE_US = INT64_C(365) * SAML_KEY_YEARS * 24 * 3600 * US_PER_S;

const char *saml_key_use_name(enum saml_key_use use) {
    assert(use < SAML_KEY_USE_COUNT);
    return USES[use];
}

const char *saml_key_state_name(enum saml_key_state state) {
    assert(state < SAML_KEY_STATE_COUNT);
    return STATES[state];
}

result saml_key_use_parse(struct scope *scope, struct str text, enum saml_key_use *ret) {
    const bool is_signing = str_eq(text, str_from_c(USES[SAML_KEY_SIGNING]));
    REQUIRE(scope, is_signing || str_eq(text, str_from_c(USES[SAML_KEY_ENCRYPTION])), INVALID,
            "saml.key_use");
    *ret = is_signing ? SAML_KEY_SIGNING : SAML_KEY_ENCRYPTION;
    return OK_RESULT;
}

static struct str seal_context(struct scope *scope, const struct saml_own_key *key) {
    return str_format(scope->arena, "saml_key/%.*s/%.*s/%.*s", STR_ARG(key->org_id),
                      STR_ARG(key->connection_id), STR_ARG(key->id));
}

/* Whose key it is, what for and where are set by the caller. */
static result make_key(struct scope *scope, const struct identity *identity,
                       struct saml_own_key *key) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    const struct x509_wish wish = {
        .common_name = str_format(scope->arena, "SAML %.*s", STR_ARG(key->connection_id)),
        .bits = SAML_KEY_BITS,
        .not_before_us = now_us - BACK_US,
        .not_after_us = now_us + LIFE_US,
    };
    struct secret key_pem;
    struct x509 certificate;
    TRY(x509_make(scope, &wish, &key_pem, &certificate));
    key->id = uuid_v7(scope);
    key->certificate_der = certificate.der;
    key->fingerprint = certificate.fingerprint;
    key->not_before_us = certificate.not_before_us;
    key->not_after_us = certificate.not_after_us;
    key->created_us = now_us;
    key->changed_us = now_us;
    return seal(scope, identity->seal_key, seal_context(scope, key), key_pem.bytes,
                &key->key_sealed);
}

result saml_keys_make(struct scope *scope, const struct identity *identity, struct str org_id,
                      struct str connection_id, struct saml_own_keys *ret) {
    struct saml_own_keys keys = {.count = SAML_KEY_USE_COUNT};
    for (int use = 0; use < SAML_KEY_USE_COUNT; use++) {
        keys.keys[use] = (struct saml_own_key){.org_id = org_id,
                                               .connection_id = connection_id,
                                               .use = (enum saml_key_use) use,
                                               .state = SAML_KEY_ACTIVE};
        TRY(make_key(scope, identity, &keys.keys[use]));
    }
    *ret = keys;
    return OK_RESULT;
}

result saml_keys_insert(struct scope *scope, struct tx *tx, const struct saml_own_keys *keys) {
    for (size_t i = 0; i < keys->count; i++) {
        TRY(saml_key_store_insert(scope, tx, &keys->keys[i]));
    }
    return OK_RESULT;
}

result saml_keys_list(struct scope *scope, struct db *db, struct str org_id,
                      struct str connection_id, struct saml_own_keys *ret) {
    return saml_key_store_list(scope, db, org_id, connection_id, ret);
}

static result open_key(struct scope *scope, const struct identity *identity,
                       const struct saml_own_key *key, struct str *ret_pem) {
    REQUIRE(scope,
            is_ok(unseal(scope, identity->seal_key, seal_context(scope, key), key->key_sealed,
                         ret_pem)),
            INTERNAL, "saml.key_seal");
    return OK_RESULT;
}

result saml_key_signing(struct scope *scope, const struct identity *identity,
                        const struct saml_own_keys *keys, struct saml_key *ret) {
    for (size_t i = 0; i < keys->count; i++) {
        const struct saml_own_key *key = &keys->keys[i];
        if (key->use == SAML_KEY_SIGNING && key->state == SAML_KEY_ACTIVE) {
            struct saml_key opened = {.id = key->id,
                                      .certificate_pem =
                                          x509_to_pem(scope->arena, key->certificate_der),
                                      .certificate_der = key->certificate_der};
            TRY(open_key(scope, identity, key, &opened.key_pem));
            *ret = opened;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INTERNAL, "saml.no_key");
}

result saml_keys_decryption(struct scope *scope, const struct identity *identity,
                            const struct saml_own_keys *keys, struct secret ret[SAML_KEY_SLOTS],
                            size_t *ret_count) {
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].use == SAML_KEY_ENCRYPTION && count < SAML_KEY_SLOTS) {
            TRY(open_key(scope, identity, &keys->keys[i], &ret[count].bytes));
            count++;
        }
    }
    *ret_count = count;
    return OK_RESULT;
}

static result audit(struct scope *scope, struct tx *tx, const struct saml_key_change *change,
                    struct str key_id, enum audit_action action) {
    const struct audit row = {
        .org_id = change->org_id,
        .actor = change->actor,
        .source = change->source,
        .action = action,
        .subject_kind = SUBJECT_KEY,
        .subject_id = key_id,
        .request_id = change->request_id,
    };
    return audit_append(scope, tx, &row);
}

static result saml_connection(struct scope *scope, const struct saml_key_change *change,
                              struct db *db) {
    struct connection connection;
    TRY(connection_find(scope, db, change->org_id, change->connection_id, &connection));
    REQUIRE(scope, connection.kind == CONNECTION_SAML, NOT_FOUND, "connection.unknown");
    return OK_RESULT;
}

static result free_slot(struct scope *scope, struct db *db, struct saml_own_key *key) {
    struct saml_own_keys keys;
    bool is_taken[SAML_KEY_SLOTS] = {false, false};
    TRY(saml_key_store_list(scope, db, key->org_id, key->connection_id, &keys));
    for (size_t i = 0; i < keys.count; i++) {
        if (keys.keys[i].use == key->use) {
            is_taken[keys.keys[i].slot == 0 ? 0 : 1] = true;
        }
    }
    REQUIRE(scope, !is_taken[0] || !is_taken[1], CONFLICT, "saml.key_slots");
    key->slot = is_taken[0] ? 1 : 0;
    return OK_RESULT;
}

/* The unique index has the last word on who gets the place. */
static result insert(struct scope *scope, struct tx *tx, const struct saml_own_key *key) {
    const result inserted = saml_key_store_insert(scope, tx, key);
    REQUIRE(scope,
            inserted.code != CONFLICT || !str_eq(str_from_c(scope->reason), STR("db.unique")),
            CONFLICT, "saml.key_slots");
    return inserted;
}

result saml_key_publish(struct scope *scope, const struct saml_key_change *change, struct db *db,
                        enum saml_key_use use, struct saml_own_key *ret) {
    struct saml_own_key key = {.org_id = change->org_id,
                               .connection_id = change->connection_id,
                               .use = use,
                               .state = SAML_KEY_PUBLISHED};
    TRY(saml_connection(scope, change, db));
    TRY(free_slot(scope, db, &key)); /* before the work of making one */
    TRY(make_key(scope, change->identity, &key));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(free_slot(scope, tx_db(tx), &key));
    TRY(insert(scope, tx, &key));
    TRY(audit(scope, tx, change, key.id, AUDIT_KEY_PUBLISHED));
    TRY(tx_commit(scope, tx));
    *ret = key;
    return OK_RESULT;
}

static result find_key(struct scope *scope, const struct saml_key_change *change, struct db *db,
                       struct str id, struct saml_own_key *ret) {
    struct saml_own_keys keys;
    TRY(saml_key_store_list(scope, db, change->org_id, change->connection_id, &keys));
    for (size_t i = 0; i < keys.count; i++) {
        if (str_eq(keys.keys[i].id, id)) {
            *ret = keys.keys[i];
            return OK_RESULT;
        }
    }
    return FAIL(scope, NOT_FOUND, "saml.key_unknown");
}

result saml_key_activate(struct scope *scope, const struct saml_key_change *change, struct db *db,
                         struct str id, struct saml_own_key *ret) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct saml_own_key key;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(find_key(scope, change, tx_db(tx), id, &key));
    if (key.state != SAML_KEY_ACTIVE) {
        bool is_changed = false;
        TRY(saml_key_store_retire(scope, tx, &key, now_us));
        TRY(saml_key_store_activate(scope, tx, &key, now_us, &is_changed));
        REQUIRE(scope, is_changed, NOT_FOUND, "saml.key_unknown");
        TRY(audit(scope, tx, change, key.id, AUDIT_KEY_ACTIVATED));
        TRY(tx_commit(scope, tx));
        key.state = SAML_KEY_ACTIVE;
        key.changed_us = now_us;
    }
    *ret = key;
    return OK_RESULT;
}

result saml_key_drop(struct scope *scope, const struct saml_key_change *change, struct db *db,
                     struct str id) {
    struct saml_own_key key;
    bool is_dropped = false;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(find_key(scope, change, tx_db(tx), id, &key));
    TRY(saml_key_store_drop(scope, tx, change->org_id, change->connection_id, id, &is_dropped));
    REQUIRE(scope, is_dropped, CONFLICT, "saml.key_active");
    TRY(audit(scope, tx, change, id, AUDIT_KEY_DROPPED));
    return tx_commit(scope, tx);
}

result saml_key_expiring(struct scope *scope, struct db *db, int64_t before_us,
                         const struct saml_own_key *after, struct saml_own_key **ret,
                         size_t *ret_count) {
    return saml_key_store_expiring(scope, db, before_us, after, ret, ret_count);
}
