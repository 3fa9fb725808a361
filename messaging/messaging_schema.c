#include "messaging/schema.h"

#include <stddef.h>

/* org_id leads every key and index of a tenant table, so that the schema can be distributed by
 * organisation. Migrations are append-only: a released one is never edited. */

static const char *const ORGANISATIONS[] = {
    /* The one routing table: look-ups that start without an organisation. */
    "CREATE TABLE lookup ("
    " kind TEXT NOT NULL CHECK (kind IN ('slug', 'domain', 'connection')),"
    " key TEXT NOT NULL,"
    " org_id TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " PRIMARY KEY (kind, key))",
    "CREATE INDEX lookup_org ON lookup (org_id)",

    "CREATE TABLE org ("
    " org_id TEXT NOT NULL PRIMARY KEY,"
    " slug TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " state TEXT NOT NULL"
    "  CHECK (state IN ('active', 'suspended', 'closing', 'erasing', 'erased')),"
    " is_ownerless SMALLINT NOT NULL CHECK (is_ownerless IN (0, 1)),"
    " created_us BIGINT NOT NULL,"
    " changed_us BIGINT NOT NULL)",

    /* "user" is reserved in PostgreSQL. */
    "CREATE TABLE org_user ("
    " org_id TEXT NOT NULL REFERENCES org (org_id),"
    " id TEXT NOT NULL,"
    " user_name TEXT NOT NULL,"
    " name_key TEXT NOT NULL,"
    " display_name TEXT NOT NULL,"
    " display_key TEXT NOT NULL,"
    " email TEXT,"
    " email_key TEXT,"
    " external_id TEXT,"
    " state TEXT NOT NULL CHECK (state IN"
    "  ('invited', 'active', 'suspended', 'deactivated', 'anonymised', 'erased')),"
    " role TEXT NOT NULL CHECK (role IN ('guest', 'member', 'admin', 'creator')),"
    " is_directory_managed SMALLINT NOT NULL CHECK (is_directory_managed IN (0, 1)),"
    " epoch BIGINT NOT NULL CHECK (epoch > 0),"
    " revoked_seq BIGINT NOT NULL,"
    " revocation_id TEXT,"
    " created_us BIGINT NOT NULL,"
    " changed_us BIGINT NOT NULL,"
    " seen_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, id))",
    "CREATE UNIQUE INDEX org_user_name ON org_user (org_id, name_key)",
    "CREATE INDEX org_user_email ON org_user (org_id, email_key)",
    "CREATE INDEX org_user_external ON org_user (org_id, external_id)",
    "CREATE INDEX org_user_role ON org_user (org_id, role)",

    /* Why somebody is out: a set, one row per source. While one row stands the person stays out. */
    "CREATE TABLE user_block ("
    " org_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " source TEXT NOT NULL CHECK (source IN ('console', 'scim', 'ldap', 'signal', 'policy',"
    "  'expiry', 'operator', 'restore')),"
    " actor_kind TEXT NOT NULL,"
    " actor_id TEXT,"
    " reason TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, user_id, source),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",
    NULL,
};

static const char *const RECORDS[] = {
    "CREATE TABLE revocation_head ("
    " partition SMALLINT NOT NULL PRIMARY KEY CHECK (partition >= 0 AND partition < 16),"
    " seq BIGINT NOT NULL,"
    " oldest_seq BIGINT NOT NULL)",
    /* oldest_seq: the highest position that was trimmed; a follower below it has a gap */
    "INSERT INTO revocation_head (partition, seq, oldest_seq) VALUES (0, 0, 0), (1, 0, 0),"
    " (2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0), (7, 0, 0), (8, 0, 0), (9, 0, 0),"
    " (10, 0, 0), (11, 0, 0), (12, 0, 0), (13, 0, 0), (14, 0, 0), (15, 0, 0)",

    "CREATE TABLE revocation ("
    " partition SMALLINT NOT NULL,"
    " seq BIGINT NOT NULL,"
    " id TEXT NOT NULL,"
    " org_id TEXT NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('user', 'session', 'token', 'connection', 'org')),"
    " subject TEXT NOT NULL,"
    " epoch BIGINT NOT NULL,"
    " reason TEXT NOT NULL,"
    " origin TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (partition, seq))",
    "CREATE INDEX revocation_age ON revocation (created_us)",

    "CREATE TABLE receipt ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('user', 'session', 'token', 'connection', 'org')),"
    " subject TEXT NOT NULL,"
    " user_id TEXT,"
    " source TEXT NOT NULL,"
    " received_us BIGINT NOT NULL,"
    " committed_us BIGINT NOT NULL,"
    " answered_us BIGINT,"
    " sockets BIGINT NOT NULL,"
    " sessions BIGINT NOT NULL,"
    " tokens BIGINT NOT NULL,"
    " nodes TEXT NOT NULL,"
    " PRIMARY KEY (org_id, id))",
    "CREATE INDEX receipt_user ON receipt (org_id, user_id, id)",

    /* Ids and codes only: free text has no column here. */
    "CREATE TABLE audit ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " at_us BIGINT NOT NULL,"
    " actor_kind TEXT NOT NULL"
    "  CHECK (actor_kind IN ('none', 'user', 'connection', 'operator', 'system')),"
    " actor_id TEXT,"
    " source TEXT NOT NULL,"
    " action TEXT NOT NULL,"
    " subject_kind TEXT NOT NULL,"
    " subject_id TEXT NOT NULL,"
    " reason_code TEXT,"
    " request_id TEXT,"
    " PRIMARY KEY (org_id, id))",
    NULL,
};

static const char *const CONVERSATIONS[] = {
    /* unique_key: 'general', or the two user ids of a direct conversation in order */
    "CREATE TABLE conversation ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " kind TEXT NOT NULL CHECK (kind IN ('general', 'direct')),"
    " unique_key TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, id))",
    "CREATE UNIQUE INDEX conversation_unique ON conversation (org_id, unique_key)",

    /* Of direct conversations; everybody is in the general one. */
    "CREATE TABLE conversation_member ("
    " org_id TEXT NOT NULL,"
    " conversation_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " joined_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, conversation_id, user_id),"
    " FOREIGN KEY (org_id, conversation_id) REFERENCES conversation (org_id, id),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",
    "CREATE INDEX conversation_member_user ON conversation_member (org_id, user_id)",

    /* seq: the position in the organisation's event stream, hence unique and in commit order */
    "CREATE TABLE message ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " conversation_id TEXT NOT NULL,"
    " seq BIGINT NOT NULL,"
    " sender_id TEXT NOT NULL,"
    " nonce TEXT NOT NULL,"
    " body TEXT NOT NULL,"
    " created_us BIGINT NOT NULL,"
    " edited_us BIGINT,"
    " deleted_us BIGINT,"
    " PRIMARY KEY (org_id, id),"
    " FOREIGN KEY (org_id, conversation_id) REFERENCES conversation (org_id, id),"
    " FOREIGN KEY (org_id, sender_id) REFERENCES org_user (org_id, id))",
    "CREATE UNIQUE INDEX message_nonce ON message (org_id, sender_id, nonce)",
    "CREATE UNIQUE INDEX message_order ON message (org_id, conversation_id, seq)",

    "CREATE TABLE read_position ("
    " org_id TEXT NOT NULL,"
    " conversation_id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " seq BIGINT NOT NULL,"
    " at_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, conversation_id, user_id),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",
    "CREATE INDEX read_position_user ON read_position (org_id, user_id)",
    NULL,
};

/* What the signer of the data processing agreement accepted when the organisation was made. */
static const char *const AGREEMENTS[] = {
    "CREATE TABLE dpa_acceptance ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " version TEXT NOT NULL,"
    " language TEXT NOT NULL,"
    " signer_name TEXT NOT NULL,"
    " legal_name TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " accepted_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, id))",
    NULL,
};

/* Equality of the first two characters does not hang on any collation, and finds the few among whom
 * a longer prefix is looked for. */
static const char *const PREFIXES[] = {
    "CREATE INDEX org_user_name_start ON org_user (org_id, substr(name_key, 1, 2))",
    "CREATE INDEX org_user_display_start ON org_user (org_id, substr(display_key, 1, 2))",
    "CREATE INDEX org_user_email_start ON org_user (org_id, substr(email_key, 1, 2))",
    NULL,
};

static const struct migration MIGRATIONS[] = {
    {100, "messaging: organisations and people", ORGANISATIONS},
    {101, "messaging: revocations, receipts, audit", RECORDS},
    {102, "messaging: conversations and messages", CONVERSATIONS},
    {103, "messaging: accepted agreements", AGREEMENTS},
    {104, "messaging: people by the start of their names", PREFIXES},
};

const struct migration_list MESSAGING_MIGRATIONS = {MIGRATIONS,
                                                    sizeof MIGRATIONS / sizeof MIGRATIONS[0]};
