#include "identity/identity_schema.h"

#include "identity/api_token_store.h"
#include "identity/identity_link_store.h"
#include "identity/invitation_store.h"
#include "identity/local_password_store.h"
#include "identity/login_throttle.h"
#include "identity/oidc/oidc_revocation_store.h"
#include "identity/principal_store.h"
#include "identity/session_store.h"

static const char *const CREDENTIALS[] = {
    /* epoch: of the person, under which the proof of the sign-in was made */
    "CREATE TABLE session ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " token_hash TEXT NOT NULL,"
    " csrf_hash TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " epoch BIGINT NOT NULL,"
    " connection_id TEXT,"
    " method TEXT NOT NULL CHECK (method IN ('password', 'oidc', 'saml')),"
    " created_us BIGINT NOT NULL,"
    " seen_us BIGINT NOT NULL,"
    " idle_us BIGINT NOT NULL,"
    " expires_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, id),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",
    "CREATE UNIQUE INDEX session_token ON session (org_id, token_hash)",
    "CREATE INDEX session_user_id ON session (org_id, user_id)",
    "CREATE INDEX session_connection ON session (org_id, connection_id)",
    "CREATE INDEX session_expiry ON session (expires_us)",

    /* A SCIM token belongs to its connection and outlives who made it; creator_epoch tells whether
     * that person has left since. The other kinds belong to a person and die with the epoch. */
    "CREATE TABLE api_token ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('scim', 'admin', 'bot')),"
    " token_hash TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " scopes TEXT NOT NULL,"
    " connection_id TEXT,"
    " owner_id TEXT,"
    " epoch BIGINT NOT NULL,"
    " creator_id TEXT,"
    " creator_epoch BIGINT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " expires_us BIGINT NOT NULL,"
    " used_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, id),"
    " FOREIGN KEY (org_id, owner_id) REFERENCES org_user (org_id, id),"
    " CHECK ((kind = 'scim' AND owner_id IS NULL) OR (kind <> 'scim' AND owner_id IS NOT NULL)))",
    "CREATE UNIQUE INDEX api_token_hash ON api_token (org_id, token_hash)",
    "CREATE INDEX api_token_owner ON api_token (org_id, owner_id)",
    "CREATE INDEX api_token_connection ON api_token (org_id, connection_id)",

    "CREATE TABLE local_password ("
    " org_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " hash TEXT NOT NULL,"
    " changed_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, user_id),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",

    /* Who knocks has no organisation yet. key: a hash, so that no address is kept. */
    "CREATE TABLE login_throttle ("
    " kind TEXT NOT NULL CHECK (kind IN ('account', 'address')),"
    " key TEXT NOT NULL,"
    " attempts BIGINT NOT NULL,"
    " window_us BIGINT NOT NULL,"
    " PRIMARY KEY (kind, key))",
    "CREATE INDEX login_throttle_age ON login_throttle (window_us)",

    /* Identity is (organisation, connection, issuer, subject), never an e-mail address. */
    "CREATE TABLE identity_link ("
    " org_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " issuer TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, connection_id, issuer, subject),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",
    /* one subject per person and provider: decides two first sign-ins at the same moment */
    "CREATE UNIQUE INDEX identity_link_user ON identity_link (org_id, user_id, connection_id, "
    "issuer)",
    NULL,
};

/* Since when a token ends early because its maker has left; 0: it does not. */
static const char *const FLAGGED_TOKENS[] = {
    "ALTER TABLE api_token ADD COLUMN flagged_us BIGINT NOT NULL DEFAULT 0",
    NULL,
};

/* epoch: of the person, under which the invitation was sent */
static const char *const INVITATIONS[] = {
    "CREATE TABLE invitation ("
    " org_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " epoch BIGINT NOT NULL,"
    " token_hash TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " expires_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, user_id),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",
    "CREATE UNIQUE INDEX invitation_token ON invitation (org_id, token_hash)",
    NULL,
};

static const struct migration MIGRATIONS[] = {
    {200, "identity: sessions, tokens, passwords, links", CREDENTIALS},
    {240, "identity: tokens of a leaver end", FLAGGED_TOKENS},
    {241, "identity: invitations", INVITATIONS},
};

const struct migration_list IDENTITY_MIGRATIONS = {MIGRATIONS,
                                                   sizeof MIGRATIONS / sizeof MIGRATIONS[0]};

static const struct table_rule RULES[] = {
    {
        /* In front of the sessions, with which the provider's tokens go: what is left of a refresh
         * token after its session. No person is named in it. */
        .table = "oidc_revocation",
        .owner_column = "org_id",
        .key_columns = "org_id, session_id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until revoked at the provider, at most a day",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
        .on_deactivation = &OIDC_REVOCATION_KEEP_OF_USER,
        .counted_as = COUNTED_NOT,
    },
    {
        .table = "session",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until signed out, revoked or expired",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
        .on_deactivation = &SESSION_DELETE_OF_USER,
        .counted_as = COUNTED_SESSIONS,
    },
    {
        .table = "api_token",
        .owner_column = "org_id",
        .user_column = "owner_id",
        .key_columns = "org_id, id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until revoked or expired",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
        .on_deactivation = &API_TOKEN_DELETE_OF_USER,
        .counted_as = COUNTED_TOKENS,
    },
    {
        /* What somebody knows cannot be taken away; it opens nothing while the person is out, and
         * a sign-in after the return is a new proof under the new epoch. */
        .table = "local_password",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, user_id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until changed or the person erased",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "invitation",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, user_id",
        .data_class = DATA_CREDENTIAL,
        .retention = "until used, replaced or the person gone; refused after seven days",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
        .on_deactivation = &INVITATION_DELETE_OF_USER,
    },
    {
        .table = "login_throttle",
        .key_columns = "kind, key",
        .data_class = DATA_TECHNICAL,
        .retention = "one day",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        /* Stays, so that a leaver who knocks again is recognised and refused, never made anew. */
        .table = "identity_link",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, connection_id, issuer, subject",
        .data_class = DATA_IDENTIFIER,
        .retention = "until the person is anonymised or erased",
        .erase = ERASE_DELETE,
        .export = EXPORT_SELF,
    },
};

const struct table_rule_list IDENTITY_TABLES = {RULES, sizeof RULES / sizeof RULES[0]};

const struct statement_list *const IDENTITY_STATEMENTS[] = {
    &API_TOKEN_STATEMENTS,      &IDENTITY_LINK_STATEMENTS,  &INVITATION_STATEMENTS,
    &LOCAL_PASSWORD_STATEMENTS, &LOGIN_THROTTLE_STATEMENTS, &PRINCIPAL_STATEMENTS,
    &SESSION_STATEMENTS,
};
const size_t IDENTITY_STATEMENTS_COUNT = sizeof IDENTITY_STATEMENTS / sizeof IDENTITY_STATEMENTS[0];
