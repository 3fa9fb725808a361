#pragma once
/* What was done, by whom, to whom: ids and codes, never free text, written in the transaction of
 * the change itself. */

#include "messaging/actor.h"

enum audit_action {
    AUDIT_ORG_CREATED,
    AUDIT_ORG_CHANGED,
    AUDIT_ORG_OWNERLESS,
    AUDIT_USER_CREATED,
    AUDIT_USER_CHANGED,
    AUDIT_USER_DEACTIVATED,
    AUDIT_USER_BLOCK_ADDED,
    AUDIT_USER_BLOCK_LIFTED,
    AUDIT_USER_REACTIVATED,
    AUDIT_USER_LINKED,
    AUDIT_USER_ROLE_CHANGED,
    AUDIT_USER_ROLE_KEPT, /* a directory wanted to take the role of an owner */
    AUDIT_SESSION_STARTED,
    AUDIT_SESSION_REVOKED,
    AUDIT_TOKEN_CREATED,
    AUDIT_TOKEN_REVOKED,
    AUDIT_TOKEN_FLAGGED,
    AUDIT_PASSWORD_SET,
    AUDIT_CONNECTION_CREATED,
    AUDIT_CONNECTION_CHANGED,
    AUDIT_CONNECTION_ENABLED,
    AUDIT_CONNECTION_ENABLED_UNTESTED,
    AUDIT_CONNECTION_DISABLED,
    AUDIT_CONNECTION_DELETED,
    AUDIT_DOMAIN_ADDED,
    AUDIT_DOMAIN_PROVED,
    AUDIT_DOMAIN_REMOVED,
    AUDIT_DPA_ACCEPTED,
    AUDIT_PROVIDER_KEYS_ADDED, /* its metadata brought new certificates, which count from now on */
    AUDIT_PROVIDER_KEYS_REMOVED,
    AUDIT_PROVIDER_WAITS,    /* for an administrator: it wants another name or other endpoints */
    AUDIT_PROVIDER_ACCEPTED, /* an administrator has seen that difference */
    AUDIT_KEY_PUBLISHED,
    AUDIT_KEY_ACTIVATED,
    AUDIT_KEY_DROPPED,
    AUDIT_GROUP_CREATED, /* a directory's group */
    AUDIT_GROUP_CHANGED, /* its name or its members */
    AUDIT_GROUP_DELETED,
    AUDIT_ACTION_COUNT
};

enum audit_subject {
    SUBJECT_ORG,
    SUBJECT_USER,
    SUBJECT_SESSION,
    SUBJECT_TOKEN,
    SUBJECT_CONNECTION,
    SUBJECT_DOMAIN,
    SUBJECT_KEY,
    SUBJECT_GROUP,
    SUBJECT_COUNT
};

const char *audit_action_name(enum audit_action action);
const char *audit_subject_name(enum audit_subject subject);

struct audit {
    struct str org_id;
    const struct actor *actor; /* NULL: nobody known */
    enum source source;
    enum audit_action action;
    enum audit_subject subject_kind;
    struct str subject_id;
    const char *reason_code; /* a literal; NULL: none */
    struct str request_id;   /* empty: none */
};

struct audit_row {
    struct str id, actor_kind, actor_id, source, action, subject_kind, subject_id, reason_code,
        request_id;
    int64_t at_us;
};

struct audit_list {
    size_t count;
    struct audit_row *rows;
    struct str next_cursor;
};

extern const struct statement_list AUDIT_STATEMENTS;

RESULT audit_append(struct scope *scope, struct tx *tx, const struct audit *audit);
/* Newest first, up to `limit` older than `before` (an id; empty: from the newest). */
RESULT audit_list(struct scope *scope, struct db *db, struct str org_id, int64_t limit,
                  struct str before, struct audit_list *ret);
