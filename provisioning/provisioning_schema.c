#include "provisioning/schema.h"

#include <stddef.h>

/* The SCIM view of people. Who they are, and whether they are active, stands in org_user alone;
 * here is what only the directory knows. A person without a row here is shown with what org_user
 * has, until a directory writes to them. */
static const char *const PEOPLE[] = {
    /* attributes: the resource without id, meta, schemas, externalId, userName and active.
     * is_live 0: a tombstone. Its id is never given out again, its external_id leads back to the
     * account that was kept. */
    "CREATE TABLE scim_user ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " external_id TEXT,"
    " display_key TEXT,"
    " attributes TEXT NOT NULL,"
    " version BIGINT NOT NULL CHECK (version > 0),"
    " is_live SMALLINT NOT NULL CHECK (is_live IN (0, 1)),"
    " created_us BIGINT NOT NULL,"
    " changed_us BIGINT NOT NULL,"
    " deleted_us BIGINT,"
    " PRIMARY KEY (org_id, id),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id))",
    "CREATE UNIQUE INDEX scim_user_live ON scim_user (org_id, user_id) WHERE is_live = 1",
    "CREATE INDEX scim_user_person ON scim_user (org_id, user_id)",
    "CREATE INDEX scim_user_external ON scim_user (org_id, connection_id, external_id)",
    "CREATE INDEX scim_user_display ON scim_user (org_id, display_key)",

    /* One row per address of a live scim_user, for the filters that match by e-mail. */
    "CREATE TABLE scim_email ("
    " org_id TEXT NOT NULL,"
    " scim_id TEXT NOT NULL,"
    " position SMALLINT NOT NULL,"
    " user_id TEXT NOT NULL,"
    " value_key TEXT NOT NULL,"
    " type_key TEXT NOT NULL,"
    " PRIMARY KEY (org_id, scim_id, position),"
    " FOREIGN KEY (org_id, scim_id) REFERENCES scim_user (org_id, id))",
    "CREATE INDEX scim_email_value ON scim_email (org_id, value_key)",
    "CREATE INDEX scim_email_person ON scim_email (org_id, user_id)",

    /* For filters by displayName on people whom no directory has written to. */
    "CREATE INDEX org_user_display ON org_user (org_id, display_key)",
    NULL,
};

/* Lists leave out who was deleted: these are few, and must not be looked for among all. */
static const char *const TOMBSTONES[] = {
    "CREATE INDEX scim_user_buried ON scim_user (org_id, user_id) WHERE is_live = 0",
    NULL,
};

/* Groups, and who is in them: one row each, found from both sides. */
static const char *const GROUPS[] = {
    "CREATE TABLE scim_group ("
    " org_id TEXT NOT NULL,"
    " id TEXT NOT NULL,"
    " connection_id TEXT NOT NULL,"
    " external_id TEXT,"
    " display_name TEXT NOT NULL,"
    " display_key TEXT NOT NULL,"
    " attributes TEXT NOT NULL,"
    " version BIGINT NOT NULL CHECK (version > 0),"
    " created_us BIGINT NOT NULL,"
    " changed_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, id),"
    " FOREIGN KEY (org_id) REFERENCES org (org_id))",
    "CREATE UNIQUE INDEX scim_group_display ON scim_group (org_id, display_key)",
    "CREATE INDEX scim_group_external ON scim_group (org_id, connection_id, external_id)",

    /* member_id: the SCIM id of a person (then user_id is who that is) or of a group (then child_id
     * is the same id). */
    "CREATE TABLE scim_group_member ("
    " org_id TEXT NOT NULL,"
    " group_id TEXT NOT NULL,"
    " member_id TEXT NOT NULL,"
    " user_id TEXT,"
    " child_id TEXT,"
    " added_us BIGINT NOT NULL,"
    " PRIMARY KEY (org_id, group_id, member_id),"
    " FOREIGN KEY (org_id, group_id) REFERENCES scim_group (org_id, id),"
    " FOREIGN KEY (org_id, child_id) REFERENCES scim_group (org_id, id),"
    " FOREIGN KEY (org_id, user_id) REFERENCES org_user (org_id, id),"
    " CHECK ((user_id IS NULL) <> (child_id IS NULL)))",
    "CREATE INDEX scim_group_member_of ON scim_group_member (org_id, member_id, group_id)",
    "CREATE INDEX scim_group_member_person ON scim_group_member (org_id, user_id)",
    "CREATE INDEX scim_group_member_child ON scim_group_member (org_id, child_id)",
    NULL,
};

static const struct migration MIGRATIONS[] = {
    {300, "provisioning: people as directories see them", PEOPLE},
    {310, "provisioning: tombstones have an index of their own", TOMBSTONES},
    {311, "provisioning: groups as directories see them", GROUPS},
};

const struct migration_list PROVISIONING_MIGRATIONS = {MIGRATIONS,
                                                       sizeof MIGRATIONS / sizeof MIGRATIONS[0]};
