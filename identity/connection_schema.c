#include "identity/connection_schema.h"

#include "identity/connection_store.h"
#include "identity/domain_store.h"
#include "identity/login_attempt_store.h"
#include "identity/oidc/oidc_health_store.h"
#include "identity/oidc/oidc_revocation_store.h"
#include "identity/oidc/oidc_session_store.h"

static const char *const CONNECTIONS[] = {
    "CREATE TABLE connection ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " kind TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " state TEXT NOT NULL,"
    " config TEXT NOT NULL,"
    " secret_sealed TEXT,"
    " client_key_sealed TEXT,"
    " version BIGINT NOT NULL,"
    " tested_us BIGINT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " changed_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, id))",
    "CREATE TABLE domain ("
    " org_id TEXT NOT NULL,"
    " domain TEXT NOT NULL,"
    " connection_id TEXT,"
    " challenge TEXT NOT NULL,"
    " verified_us BIGINT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, domain))",
    NULL,
};

static const char *const SIGN_INS[] = {
    "CREATE TABLE login_attempt ("
    " org_id TEXT NOT NULL,"
    " state_hash TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " binding_hash TEXT NOT NULL,"
    " secrets_sealed TEXT NOT NULL,"
    " return_path TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " expires_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, state_hash))",
    "CREATE INDEX login_attempt_expiry ON login_attempt (org_id, expires_us)",
    "CREATE TABLE oidc_session ("
    " org_id TEXT NOT NULL,"
    " session_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " issuer TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " sid TEXT,"
    " id_token_sealed TEXT NOT NULL,"
    " refresh_token_sealed TEXT,"
    " refreshed_us BIGINT NOT NULL,"
    " access_expires_us BIGINT NOT NULL,"
    " end_session_endpoint TEXT,"
    " lease_owner TEXT,"
    " lease_until_us BIGINT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, session_id),"
    " FOREIGN KEY (org_id, session_id) REFERENCES session (org_id, id) ON DELETE CASCADE)",
    "CREATE INDEX oidc_session_user ON oidc_session (org_id, user_id)",
    "CREATE INDEX oidc_session_sid ON oidc_session (org_id, connection_id, issuer, sid)",
    "CREATE INDEX oidc_session_subject ON oidc_session (org_id, connection_id, issuer, subject)",
    NULL,
};

static const char *const HEALTH[] = {
    "CREATE TABLE oidc_health ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " checked_us BIGINT NOT NULL,"
    " good_us BIGINT NOT NULL,"
    " next_us BIGINT NOT NULL,"
    " failures BIGINT NOT NULL,"
    " failure TEXT NOT NULL,"
    " keys BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id),"
    " FOREIGN KEY (org_id, connection_id) REFERENCES connection (org_id, id) ON DELETE CASCADE)",
    "CREATE INDEX oidc_health_next ON oidc_health (next_us)",
    "INSERT INTO oidc_health (org_id, connection_id, checked_us, good_us, next_us, failures,"
    " failure, keys) SELECT org_id, id, 0, 0, 0, 0, '', 0 FROM connection WHERE kind = 'oidc'",
    NULL,
};

static const char *const REVOCATIONS[] = {
    "CREATE TABLE oidc_revocation ("
    " org_id TEXT NOT NULL,"
    " session_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " token_sealed TEXT NOT NULL,"
    " taken_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, session_id))",
    "CREATE INDEX oidc_revocation_taken ON oidc_revocation (taken_us)",
    NULL,
};

static const struct migration MIGRATIONS[] = {
    {210, "identity: connections and proved domains", CONNECTIONS},
    {211, "identity: sign-ins under way and provider tokens", SIGN_INS},
    {214, "identity: health of OpenID providers", HEALTH},
    {215, "identity: provider tokens to be revoked", REVOCATIONS},
};

const struct migration_list CONNECTION_MIGRATIONS = {MIGRATIONS,
                                                     sizeof MIGRATIONS / sizeof MIGRATIONS[0]};

static const struct table_rule RULES[] = {
    {
        .table = "oidc_health",
        .owner_column = "org_id",
        .key_columns = "org_id, connection_id",
        .data_class = DATA_TECHNICAL,
        .retention = "until the connection is deleted",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "connection",
        .owner_column = "org_id",
        .key_columns = "org_id, id",
        .data_class = DATA_TECHNICAL,
        .retention = "until deleted by an administrator",
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
    {
        .table = "domain",
        .owner_column = "org_id",
        .key_columns = "org_id, domain",
        .data_class = DATA_TECHNICAL,
        .retention = "until removed by an administrator",
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
    {
        /* Belongs to nobody yet: who signs in is known when the row is consumed, and the state of
         * that person is checked then. */
        .table = "login_attempt",
        .owner_column = "org_id",
        .key_columns = "org_id, state_hash",
        .data_class = DATA_CREDENTIAL,
        .retention = "10 minutes",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "oidc_session",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, session_id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until the session ends",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
        .on_deactivation = &OIDC_SESSION_DELETE_OF_USER,
        .counted_as = COUNTED_NOT,
    },
};

const struct table_rule_list CONNECTION_TABLES = {RULES, sizeof RULES / sizeof RULES[0]};

const struct statement_list *const CONNECTION_STATEMENT_LISTS[] = {
    &CONNECTION_STATEMENTS,  &DOMAIN_STATEMENTS,          &LOGIN_ATTEMPT_STATEMENTS,
    &OIDC_HEALTH_STATEMENTS, &OIDC_REVOCATION_STATEMENTS, &OIDC_SESSION_STATEMENTS,
};
const size_t CONNECTION_STATEMENT_LISTS_COUNT =
    sizeof CONNECTION_STATEMENT_LISTS / sizeof CONNECTION_STATEMENT_LISTS[0];
