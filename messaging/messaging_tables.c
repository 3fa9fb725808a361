#include "messaging/schema.h"

#include "messaging/audit.h"
#include "messaging/conversation.h"
#include "messaging/deactivation_store.h"
#include "messaging/message.h"
#include "messaging/org.h"
#include "messaging/receipt.h"
#include "messaging/revocation.h"
#include "messaging/user.h"

#define WHILE_ORG_EXISTS "as long as the organisation exists"

static const struct table_rule RULES[] = {
    {
        .table = "lookup",
        .key_columns = "kind, key",
        .data_class = DATA_TECHNICAL,
        .retention = WHILE_ORG_EXISTS,
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "org",
        .owner_column = "org_id",
        .key_columns = "org_id",
        .data_class = DATA_TECHNICAL,
        .retention = "until erased",
        .erase = ERASE_ANONYMISE,
        .keep_reason = "the tombstone that shows that the organisation was erased",
        .export = EXPORT_ORG,
    },
    {
        /* The state itself is written by the deactivation, before these rules run. */
        .table = "org_user",
        .owner_column = "org_id",
        .user_column = "id",
        .key_columns = "org_id, id",
        .data_class = DATA_PROFILE,
        .retention = "until anonymised or erased",
        .erase = ERASE_ANONYMISE,
        .keep_reason = "what others wrote and what was audited points at the id",
        .export = EXPORT_ORG,
    },
    {
        .table = "user_block",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, user_id, source",
        .data_class = DATA_RECORD,
        .retention = "until the block is lifted or the person erased",
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
    {
        .table = "revocation_head",
        .key_columns = "partition",
        .data_class = DATA_TECHNICAL,
        .retention = "always",
        .erase = ERASE_KEEP,
        .keep_reason = "counters without any data",
        .export = EXPORT_NEVER,
    },
    {
        .table = "revocation",
        .key_columns = "partition, seq",
        .data_class = DATA_IDENTIFIER,
        .retention = "at least one hour",
        .erase = ERASE_DELETE,
        .export = EXPORT_NEVER,
    },
    {
        .table = "receipt",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, id",
        .data_class = DATA_RECORD,
        .retention = WHILE_ORG_EXISTS,
        .erase = ERASE_DELETE,
        .export = EXPORT_ORG,
    },
    {
        .table = "audit",
        .owner_column = "org_id",
        .key_columns = "org_id, id",
        .data_class = DATA_RECORD,
        .retention = WHILE_ORG_EXISTS,
        .erase = ERASE_KEEP,
        .keep_reason = "accountability; it holds random ids only",
        .export = EXPORT_ORG,
    },
    {
        .table = "conversation",
        .owner_column = "org_id",
        .key_columns = "org_id, id",
        .data_class = DATA_IDENTIFIER,
        .retention = WHILE_ORG_EXISTS,
        .erase = ERASE_DELETE,
        .export = EXPORT_PARTICIPANT,
    },
    {
        .table = "conversation_member",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, conversation_id, user_id",
        .data_class = DATA_IDENTIFIER,
        .retention = WHILE_ORG_EXISTS,
        .erase = ERASE_DELETE,
        .export = EXPORT_PARTICIPANT,
    },
    {
        .table = "message",
        .owner_column = "org_id",
        .user_column = "sender_id",
        .key_columns = "org_id, id",
        .data_class = DATA_CONTENT,
        .retention = "until deleted by its sender or erased",
        .erase = ERASE_DELETE,
        .export = EXPORT_PARTICIPANT,
    },
    {
        .table = "read_position",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, conversation_id, user_id",
        .data_class = DATA_IDENTIFIER,
        .retention = WHILE_ORG_EXISTS,
        .erase = ERASE_DELETE,
        .export = EXPORT_SELF,
    },
    {
        .table = "dpa_acceptance",
        .owner_column = "org_id",
        .user_column = "user_id",
        .key_columns = "org_id, id",
        .data_class = DATA_RECORD,
        .retention = WHILE_ORG_EXISTS,
        .erase = ERASE_KEEP,
        .keep_reason = "evidence of the agreement",
        .export = EXPORT_ORG,
    },
};

const struct table_rule_list MESSAGING_TABLES = {RULES, sizeof RULES / sizeof RULES[0]};

const struct statement_list *const MESSAGING_STATEMENTS[] = {
    &AUDIT_STATEMENTS, &CONVERSATION_STATEMENTS, &DEACTIVATION_STATEMENTS, &MESSAGE_STATEMENTS,
    &ORG_STATEMENTS,   &RECEIPT_STATEMENTS,      &REVOCATION_STATEMENTS,   &USER_STATEMENTS,
};
const size_t MESSAGING_STATEMENTS_COUNT =
    sizeof MESSAGING_STATEMENTS / sizeof MESSAGING_STATEMENTS[0];
