#include "identity/saml/saml_schema.h"

#include "identity/alert_store.h"
#include "identity/saml/saml_key_store.h"
#include "identity/saml/saml_logout_store.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_session.h"
#include "identity/sign_in_record.h"

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

static const char *const SIGN_INS[] = {
    "CREATE TABLE saml_replay ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " message_hash TEXT NOT NULL,"
    " until_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id, message_hash))",
    "CREATE INDEX saml_replay_until ON saml_replay (until_us)",
    "CREATE TABLE saml_session ("
    " org_id TEXT NOT NULL,"
    " session_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " session_index TEXT NOT NULL,"
    " name_id_sealed TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, session_id),"
    " FOREIGN KEY (org_id, session_id) REFERENCES session (org_id, id) ON DELETE CASCADE)",
    "CREATE INDEX saml_session_user ON saml_session (org_id, user_id)",
    "CREATE INDEX saml_session_subject ON saml_session (org_id, connection_id, subject)",
    NULL,
};

static const char *const RECORDS[] = {
    "CREATE TABLE sign_in_record ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " request_id TEXT NOT NULL,"
    " at_us BIGINT NOT NULL,"
    " is_test SMALLINT NOT NULL,"
    " reason TEXT NOT NULL,"
    " want TEXT NOT NULL,"
    " got TEXT NOT NULL,"
    " detail TEXT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id, id),"
    " FOREIGN KEY (org_id, connection_id) REFERENCES connection (org_id, id) ON DELETE CASCADE)",
    "CREATE INDEX sign_in_record_age ON sign_in_record (at_us)",
    NULL,
};

static const char *const LOGOUTS[] = {
    "CREATE TABLE saml_logout ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " request_id TEXT NOT NULL,"
    " ticket_hash TEXT NOT NULL,"
    " session_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " session_index TEXT NOT NULL,"
    " name_id_sealed TEXT NOT NULL,"
    " is_sent SMALLINT NOT NULL,"
    " expires_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id, request_id),"
    " FOREIGN KEY (org_id, connection_id) REFERENCES connection (org_id, id) ON DELETE CASCADE)",
    "CREATE UNIQUE INDEX saml_logout_ticket ON saml_logout (org_id, connection_id, ticket_hash)",
    "CREATE INDEX saml_logout_expiry ON saml_logout (expires_us)",
    "CREATE TABLE saml_logged_out ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " subject_hash TEXT NOT NULL,"
    " session_index TEXT NOT NULL,"
    " issued_us BIGINT NOT NULL,"
    " until_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id, subject_hash, session_index),"
    " FOREIGN KEY (org_id, connection_id) REFERENCES connection (org_id, id) ON DELETE CASCADE)",
    "CREATE INDEX saml_logged_out_until ON saml_logged_out (until_us)",
    NULL,
};

static const char *const JUNK[] = {
    "ALTER TABLE sign_in_record ADD COLUMN is_junk SMALLINT NOT NULL DEFAULT 0",
    "ALTER TABLE sign_in_record ADD COLUMN times BIGINT NOT NULL DEFAULT 1",
    NULL,
};

static const struct migration MIGRATIONS[] = {
    {220, "saml: identity providers", PROVIDERS},
    {221, "saml: our own keys", KEYS},
    {230, "saml: alerts that have been raised", ALERTS},
    {222, "saml: used messages and sessions", SIGN_INS},
    {223, "identity: refused sign-ins", RECORDS},
    {224, "saml: logouts", LOGOUTS},
    {231, "identity: refused sign-ins of which nothing was verified", JUNK},
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
    {
        .table = "saml_replay",
        .owner_column = "org_id",
        .key_columns = "org_id, connection_id, message_hash",
        .data_class = DATA_TECHNICAL,
        .retention = "as long as a copy of the message could pass, about an hour",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "saml_session",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, session_id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until the session ends",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
        .on_deactivation = &SAML_SESSION_DELETE_OF_USER,
        .counted_as = COUNTED_NOT,
    },
    {
        .table = "saml_logout",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, connection_id, request_id",
        .data_class = DATA_IDENTIFIER,
        .retention = "10 minutes",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "saml_logged_out",
        .owner_column = "org_id",
        .key_columns = "org_id, connection_id, subject_hash, session_index",
        .data_class = DATA_IDENTIFIER,
        .retention = "as long as an older assertion could pass, about an hour",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        /* Names and values are there as length and keyed hash at most. */
        .table = "sign_in_record",
        .owner_column = "org_id",
        .key_columns = "org_id, connection_id, id",
        .data_class = DATA_RECORD,
        .retention = "7 days",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
};

const struct table_rule_list SAML_TABLES = {RULES, sizeof RULES / sizeof *RULES};

const struct statement_list *const SAML_STATEMENT_LISTS[] = {
    &ALERT_STATEMENTS,         &SAML_KEY_STATEMENTS,     &SAML_LOGOUT_STATEMENTS,
    &SAML_PROVIDER_STATEMENTS, &SAML_SESSION_STATEMENTS, &SIGN_IN_RECORD_STATEMENTS,
};
const size_t SAML_STATEMENT_LISTS_COUNT =
    sizeof SAML_STATEMENT_LISTS / sizeof *SAML_STATEMENT_LISTS;
