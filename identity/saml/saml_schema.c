#include "identity/saml/saml_schema.h"

#include "identity/alert_store.h"
#include "identity/saml/saml_key_store.h"
#include "identity/saml/saml_provider.h"

static const char *const PROVIDERS[] = {
    "CREATE TABLE saml_idp ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " origin TEXT NOT NULL,"
    " url TEXT NOT NULL,"
    " wanted_entity_id TEXT NOT NULL,"
    " signer TEXT NOT NULL,"
    " ca_pem TEXT NOT NULL,"
    " facts TEXT NOT NULL,"
    " pending TEXT,"
    " pending_hash TEXT,"
    " etag TEXT NOT NULL,"
    " fetched_us BIGINT NOT NULL,"
    " good_us BIGINT NOT NULL,"
    " next_us BIGINT NOT NULL,"
    " hinted_us BIGINT NOT NULL,"
    " failures BIGINT NOT NULL,"
    " failure TEXT NOT NULL,"
    " version BIGINT NOT NULL,"
    " changed_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id),"
    " FOREIGN KEY (org_id, connection_id) REFERENCES connection (org_id, id) ON DELETE CASCADE)",
    "CREATE INDEX saml_idp_next ON saml_idp (next_us)",
    NULL,
};

/* Two places for each purpose, and one key in use: the indexes decide who comes first. */
static const char *const KEYS[] = {
    "CREATE TABLE saml_key ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " purpose TEXT NOT NULL,"
    " slot BIGINT NOT NULL,"
    " state TEXT NOT NULL,"
    " certificate TEXT NOT NULL,"
    " fingerprint TEXT NOT NULL,"
    " key_sealed TEXT NOT NULL,"
    " not_before_us BIGINT NOT NULL,"
    " not_after_us BIGINT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " changed_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id, id),"
    " CHECK (slot IN (0, 1)),"
    " FOREIGN KEY (org_id, connection_id) REFERENCES connection (org_id, id) ON DELETE CASCADE)",
    "CREATE UNIQUE INDEX saml_key_slot ON saml_key (org_id, connection_id, purpose, slot)",
    "CREATE UNIQUE INDEX saml_key_active ON saml_key (org_id, connection_id, purpose) "
    "WHERE state = 'active'",
    "CREATE INDEX saml_key_expiry ON saml_key (not_after_us)",
    NULL,
};

static const char *const ALERTS[] = {
    "CREATE TABLE certificate_alert ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " fingerprint TEXT NOT NULL,"
    " days BIGINT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id, fingerprint, days),"
    " FOREIGN KEY (org_id, connection_id) REFERENCES connection (org_id, id) ON DELETE CASCADE)",
    NULL,
};

static const struct migration MIGRATIONS[] = {
    {220, "saml: identity providers", PROVIDERS},
    {221, "saml: our own keys", KEYS},
    {230, "saml: alerts that have been raised", ALERTS},
};

const struct migration_list SAML_MIGRATIONS = {MIGRATIONS, sizeof MIGRATIONS / sizeof *MIGRATIONS};

static const struct table_rule RULES[] = {
    {
        .table = "saml_idp",
        .owner_column = "org_id",
        .key_columns = "org_id, connection_id",
        .data_class = DATA_TECHNICAL,
        .retention = "until the connection is deleted",
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
    {
        .table = "saml_key",
        .owner_column = "org_id",
        .key_columns = "org_id, connection_id, id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until dropped by an administrator or the connection is deleted",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "certificate_alert",
        .owner_column = "org_id",
        .key_columns = "org_id, connection_id, fingerprint, days",
        .data_class = DATA_TECHNICAL,
        .retention = "until the connection is deleted",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
};

const struct table_rule_list SAML_TABLES = {RULES, sizeof RULES / sizeof *RULES};

const struct statement_list *const SAML_STATEMENT_LISTS[] = {
    &ALERT_STATEMENTS,
    &SAML_KEY_STATEMENTS,
    &SAML_PROVIDER_STATEMENTS,
};
const size_t SAML_STATEMENT_LISTS_COUNT =
    sizeof SAML_STATEMENT_LISTS / sizeof *SAML_STATEMENT_LISTS;
