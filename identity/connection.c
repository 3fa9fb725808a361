#include "identity/connection.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/connection_config.h"
#include "identity/connection_store.h"
#include "identity/domain.h"
#include "identity/identity.h"
#include "identity/login_attempt_store.h"
#include "identity/oidc/client_key.h"
#include "identity/oidc/oidc_health.h"
#include "identity/oidc/oidc_revocation_store.h"
#include "identity/oidc/oidc_session_store.h"
#include "identity/saml/saml_key.h"
#include "identity/saml/saml_provider.h"
#include "messaging/audit.h"
#include "messaging/org.h"
#include "messaging/revoke.h"
#include "messaging/user.h"

result connection_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                       struct connection *ret) {
    struct connection connection;
    struct str config;
    TRY(connection_store_find(scope, db, org_id, id, &connection, &config));
    TRY(connection_config_read(scope, config, &connection));
    *ret = connection;
    return OK_RESULT;
}

result connection_find_routed(struct scope *scope, struct db *db, struct str id,
                              struct connection *ret) {
    REQUIRE(scope, uuid_is_valid(id), NOT_FOUND, "connection.unknown");
    struct lookup lookup;
    const result found = lookup_find(scope, db, LOOKUP_CONNECTION, id, &lookup);
    REQUIRE(scope, found.code != NOT_FOUND, NOT_FOUND, "connection.unknown");
    TRY(found);
    return connection_find(scope, db, lookup.org_id, id, ret);
}

result connection_list_all(struct scope *scope, struct db *db, struct str org_id,
                           struct connection_list *ret) {
    struct connection_row *rows = NULL;
    size_t count = 0;
    TRY(connection_store_list(scope, db, org_id, &rows, &count));
    struct connection *connections = NEW_ARRAY(scope->arena, count, struct connection);
    for (size_t i = 0; i < count; i++) {
        connections[i] = rows[i].connection;
        TRY(connection_config_read(scope, rows[i].config, &connections[i]));
    }
    *ret = (struct connection_list){count, connections};
    return OK_RESULT;
}

static struct str seal_context(struct scope *scope, const struct connection *connection,
                               const char *column) {
    return str_format(scope->arena, "connection/%.*s/%.*s/%s", STR_ARG(connection->org_id),
                      STR_ARG(connection->id), column);
}

static result open_sealed(struct scope *scope, const struct identity *identity,
                          const struct connection *connection, const char *column,
                          struct str sealed, struct secret *ret) {
    if (sealed.len == 0) {
        *ret = (struct secret){STR("")};
        return OK_RESULT;
    }
    REQUIRE(scope,
            is_ok(unseal(scope, identity->seal_key, seal_context(scope, connection, column), sealed,
                         &ret->bytes)),
            INTERNAL, "connection.seal");
    return OK_RESULT;
}

result connection_secret(struct scope *scope, const struct identity *identity,
                         const struct connection *connection, struct secret *ret) {
    return open_sealed(scope, identity, connection, "secret", connection->secret_sealed, ret);
}

result connection_client_key(struct scope *scope, const struct identity *identity,
                             const struct connection *connection, struct secret *ret) {
    return open_sealed(scope, identity, connection, "client_key", connection->client_key_sealed,
                       ret);
}

static result seal_client_key(struct scope *scope, const struct identity *identity,
                              struct connection *connection) {
    struct secret old;
    struct secret keys;
    TRY(connection_client_key(scope, identity, connection, &old));
    TRY(client_keys_rotate(scope, connection->oidc.client_alg, old, &keys));
    return seal(scope, identity->seal_key, seal_context(scope, connection, "client_key"),
                keys.bytes, &connection->client_key_sealed);
}

/* Seals what came in clear; makes the client key that its way of authentication needs. */
static result seal_secrets(struct scope *scope, const struct identity *identity,
                           const struct connection_input *input, enum jose_alg old_alg,
                           struct connection *connection) {
    if (input->client_secret.len > 0) {
        TRY(seal(scope, identity->seal_key, seal_context(scope, connection, "secret"),
                 input->client_secret, &connection->secret_sealed));
    }
    const bool needs_key =
        connection->oidc.client_auth == CLIENT_PRIVATE_KEY_JWT &&
        (connection->client_key_sealed.len == 0 || connection->oidc.client_alg != old_alg);
    return needs_key ? seal_client_key(scope, identity, connection) : OK_RESULT;
}

static result audit(struct scope *scope, struct tx *tx, const struct connection_change *change,
                    const struct connection *connection, enum audit_action action) {
    const struct audit row = {
        .org_id = connection->org_id,
        .actor = change->actor,
        .source = SOURCE_CONSOLE,
        .action = action,
        .subject_kind = SUBJECT_CONNECTION,
        .subject_id = connection->id,
        .request_id = change->request_id,
    };
    return audit_append(scope, tx, &row);
}

static result store_provider(struct scope *scope, struct tx *tx,
                             const struct connection_input *input,
                             const struct connection *connection) {
    return input->provider == NULL ? OK_RESULT
                                   : saml_provider_store(scope, tx, connection->org_id,
                                                         connection->id, input->provider);
}

static result claim_domains(struct scope *scope, struct tx *tx,
                            const struct connection_input *input,
                            const struct connection *connection) {
    for (size_t i = 0; i < input->domain_count; i++) {
        TRY(domain_claim(scope, tx, connection->org_id, input->domains[i], connection->id));
    }
    return OK_RESULT;
}

/* Keys that a provider must know before the first sign-in. */
static result make_own_keys(struct scope *scope, const struct identity *identity,
                            const struct connection *connection, struct saml_own_keys *ret) {
    return connection->kind == CONNECTION_SAML
               ? saml_keys_make(scope, identity, connection->org_id, connection->id, ret)
               : OK_RESULT;
}

result connection_create(struct scope *scope, const struct connection_change *change, struct db *db,
                         struct connection_input *input, struct connection *ret) {
    struct connection connection = input->connection;
    connection.id = uuid_v7(scope);
    connection.org_id = change->actor->org_id;
    connection.version = 1;
    connection.created_us = clock_now_us(scope->env->clock);
    connection.changed_us = connection.created_us;
    struct saml_own_keys keys = {.count = 0};
    TRY(seal_secrets(scope, change->identity, input, connection.oidc.client_alg, &connection));
    TRY(make_own_keys(scope, change->identity, &connection, &keys));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    int64_t count = 0;
    TRY(connection_store_count(scope, tx_db(tx), connection.org_id, &count));
    REQUIRE(scope, count < CONNECTIONS_PER_ORG, CONFLICT, "connection.limit");
    TRY(connection_store_insert(scope, tx, &connection,
                                connection_config_write(scope, &connection)));
    TRY(saml_keys_insert(scope, tx, &keys));
    TRY(store_provider(scope, tx, input, &connection));
    TRY(lookup_insert(scope, tx, LOOKUP_CONNECTION, connection.id, connection.org_id,
                      connection.id));
    if (connection.kind == CONNECTION_OIDC) {
        TRY(oidc_health_begin(scope, tx, connection.org_id, connection.id));
    }
    TRY(claim_domains(scope, tx, input, &connection));
    TRY(audit(scope, tx, change, &connection, AUDIT_CONNECTION_CREATED));
    TRY(tx_commit(scope, tx));
    *ret = connection;
    return OK_RESULT;
}

result connection_create_scim(struct scope *scope, struct tx *tx, struct str org_id,
                              struct str name, struct str *ret_id) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    const struct connection connection = {
        .org_id = org_id,
        .id = uuid_v7(scope),
        .kind = CONNECTION_SCIM,
        .state = CONNECTION_ENABLED,
        .name = name,
        .version = 1,
        .created_us = now_us,
        .changed_us = now_us,
    };
    TRY(connection_store_insert(scope, tx, &connection,
                                connection_config_write(scope, &connection)));
    TRY(lookup_insert(scope, tx, LOOKUP_CONNECTION, connection.id, org_id, connection.id));
    *ret_id = connection.id;
    return OK_RESULT;
}

result connection_update(struct scope *scope, const struct connection_change *change, struct db *db,
                         struct connection_input *input, struct connection *ret) {
    struct connection before;
    struct connection connection = input->connection;
    TRY(connection_find(scope, db, connection.org_id, connection.id, &before));
    TRY(seal_secrets(scope, change->identity, input, before.oidc.client_alg, &connection));
    connection.changed_us = clock_now_us(scope->env->clock);
    connection.tested_us = 0;
    if (connection.state == CONNECTION_TESTED) {
        connection.state = CONNECTION_NEW;
    }
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(connection_store_update(scope, tx, &connection,
                                connection_config_write(scope, &connection)));
    TRY(store_provider(scope, tx, input, &connection));
    TRY(claim_domains(scope, tx, input, &connection));
    TRY(audit(scope, tx, change, &connection, AUDIT_CONNECTION_CHANGED));
    TRY(tx_commit(scope, tx));
    connection.version++;
    *ret = connection;
    return OK_RESULT;
}

result connection_rotate_key(struct scope *scope, const struct connection_change *change,
                             struct db *db, struct connection *connection) {
    REQUIRE(scope, connection->oidc.client_auth == CLIENT_PRIVATE_KEY_JWT, CONFLICT,
            "connection.no_key");
    TRY(seal_client_key(scope, change->identity, connection));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(connection_store_update(scope, tx, connection, connection_config_write(scope, connection)));
    TRY(audit(scope, tx, change, connection, AUDIT_CONNECTION_CHANGED));
    TRY(tx_commit(scope, tx));
    connection->version++;
    return OK_RESULT;
}

result connection_enable(struct scope *scope, const struct connection_change *change, struct db *db,
                         struct connection *connection, bool is_untested_fine) {
    if (connection->state == CONNECTION_ENABLED) {
        return OK_RESULT;
    }
    const bool is_tested = connection->tested_us > 0;
    REQUIRE(scope, is_tested || is_untested_fine, CONFLICT, "connection.untested");
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(connection_store_set_state(scope, tx, connection, CONNECTION_ENABLED,
                                   connection->tested_us));
    TRY(audit(scope, tx, change, connection,
              is_tested ? AUDIT_CONNECTION_ENABLED : AUDIT_CONNECTION_ENABLED_UNTESTED));
    TRY(tx_commit(scope, tx));
    connection->state = CONNECTION_ENABLED;
    return OK_RESULT;
}

result connection_mark_tested(struct scope *scope, struct db *db, const struct actor *actor,
                              struct connection *connection) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    const enum connection_state state =
        connection->state == CONNECTION_NEW ? CONNECTION_TESTED : connection->state;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_actor(scope, tx, actor));
    TRY(connection_store_set_state(scope, tx, connection, state, now_us));
    TRY(tx_commit(scope, tx));
    connection->state = state;
    connection->tested_us = now_us;
    return OK_RESULT;
}

/* Its credentials go; receipt and revocation row come last (revocation.md rule 1). */
static result end_credentials(struct scope *scope, struct tx *tx,
                              const struct connection_change *change,
                              const struct connection *connection, struct revocation *ret) {
    struct revoking what = {
        .org_id = connection->org_id,
        .kind = REVOKED_CONNECTION,
        .subject = connection->id,
        .user_id = STR(""),
        .source = SOURCE_CONSOLE,
        .reason = STR("session.revoked"),
        .received_us = change->received_us,
    };
    TRY(oidc_revocation_keep_of_connection(scope, tx, connection->org_id, connection->id));
    TRY(oidc_session_delete_of_connection(scope, tx, connection->org_id, connection->id));
    TRY(connection_store_end_credentials(scope, tx, connection->org_id, connection->id,
                                         &what.sessions, &what.tokens));
    TRY(login_attempt_delete_of_connection(scope, tx, connection->org_id, connection->id));
    return revoke_in(scope, change->messaging, tx, &what, ret);
}

result connection_disable(struct scope *scope, const struct connection_change *change,
                          struct db *db, struct connection *connection, struct revoked *ret) {
    struct str generation;
    TRY(db_generation(scope, db, &generation));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_REVOCATION, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(connection_store_set_state(scope, tx, connection, CONNECTION_DISABLED,
                                   connection->tested_us));
    TRY(audit(scope, tx, change, connection, AUDIT_CONNECTION_DISABLED));
    struct revocation row;
    TRY(end_credentials(scope, tx, change, connection, &row));
    TRY(tx_commit(scope, tx));
    connection->state = CONNECTION_DISABLED;
    revoke_done(scope, &row, generation, ret);
    return OK_RESULT;
}

result connection_delete(struct scope *scope, const struct connection_change *change, struct db *db,
                         const struct connection *connection, struct revoked *ret) {
    struct str generation;
    TRY(db_generation(scope, db, &generation));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_REVOCATION, &tx));
    TRY(user_guard_actor(scope, tx, change->actor));
    TRY(connection_store_delete(scope, tx, connection->org_id, connection->id));
    TRY(lookup_delete(scope, tx, LOOKUP_CONNECTION, connection->id, connection->org_id));
    TRY(domain_release(scope, tx, connection->org_id, connection->id));
    TRY(audit(scope, tx, change, connection, AUDIT_CONNECTION_DELETED));
    struct revocation row;
    TRY(end_credentials(scope, tx, change, connection, &row));
    TRY(tx_commit(scope, tx));
    revoke_done(scope, &row, generation, ret);
    return OK_RESULT;
}
