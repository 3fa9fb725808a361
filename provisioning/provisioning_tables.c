#include "provisioning/schema.h"

#include "provisioning/scim/scim_group_store.h"
#include "provisioning/scim/scim_member_store.h"
#include "provisioning/scim/scim_user_store.h"

static const struct table_rule RULES[] = {
    {
        /* Kept when the person is cut off: an inactive person stays visible to the directory. */
        .table = "scim_user",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, id",
        .data_class = DATA_PROFILE,
        .retention = "until the person is anonymised or erased",
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
    {
        .table = "scim_email",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, scim_id, position",
        .data_class = DATA_PROFILE,
        .retention = "until the directory changes or removes the address, or the person is erased",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "scim_group",
        .owner_column = "org_id",
        .key_columns = "org_id, id",
        .data_class = DATA_TECHNICAL,
        .retention = "until the directory deletes the group",
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
    {
        /* Kept when the person is cut off: directories do not send memberships again when somebody
         * comes back. Gone when the directory deletes the person. */
        .table = "scim_group_member",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, group_id, member_id",
        .data_class = DATA_IDENTIFIER,
        .retention = "until the directory takes the person out of the group, or deletes either",
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
};

const struct table_rule_list PROVISIONING_TABLES = {RULES, sizeof RULES / sizeof RULES[0]};

const struct statement_list *const PROVISIONING_STATEMENTS[] = {
    &SCIM_USER_STATEMENTS, &SCIM_GROUP_STATEMENTS, &SCIM_MEMBER_STATEMENTS};
const size_t PROVISIONING_STATEMENTS_COUNT =
    sizeof PROVISIONING_STATEMENTS / sizeof PROVISIONING_STATEMENTS[0];
