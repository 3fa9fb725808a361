#include "messaging/audit.h"

#include <assert.h>
#include <stddef.h>

static const char *const ACTIONS[] = {
    [AUDIT_ORG_CREATED] = "org.created",
    [AUDIT_ORG_CHANGED] = "org.changed",
    [AUDIT_ORG_OWNERLESS] = "org.ownerless",
    [AUDIT_USER_CREATED] = "user.created",
    [AUDIT_USER_CHANGED] = "user.changed",
    [AUDIT_USER_DEACTIVATED] = "user.deactivated",
    [AUDIT_USER_BLOCK_ADDED] = "user.block_added",
    [AUDIT_USER_BLOCK_LIFTED] = "user.block_lifted",
    [AUDIT_USER_REACTIVATED] = "user.reactivated",
    [AUDIT_USER_LINKED] = "user.linked",
    [AUDIT_USER_ROLE_CHANGED] = "user.role_changed",
    [AUDIT_USER_ROLE_KEPT] = "user.role_kept",
    [AUDIT_SESSION_STARTED] = "session.started",
    [AUDIT_SESSION_REVOKED] = "session.revoked",
    [AUDIT_TOKEN_CREATED] = "token.created",
    [AUDIT_TOKEN_REVOKED] = "token.revoked",
    [AUDIT_TOKEN_FLAGGED] = "token.flagged",
    [AUDIT_PASSWORD_SET] = "password.set",
    [AUDIT_CONNECTION_CREATED] = "connection.created",
    [AUDIT_CONNECTION_CHANGED] = "connection.changed",
    [AUDIT_CONNECTION_ENABLED] = "connection.enabled",
    [AUDIT_CONNECTION_ENABLED_UNTESTED] = "connection.enabled_untested",
    [AUDIT_CONNECTION_DISABLED] = "connection.disabled",
    [AUDIT_CONNECTION_DELETED] = "connection.deleted",
    [AUDIT_DOMAIN_ADDED] = "domain.added",
    [AUDIT_DOMAIN_PROVED] = "domain.proved",
    [AUDIT_DOMAIN_REMOVED] = "domain.removed",
    [AUDIT_DPA_ACCEPTED] = "dpa.accepted",
    [AUDIT_PROVIDER_KEYS_ADDED] = "provider.keys_added",
    [AUDIT_PROVIDER_KEYS_REMOVED] = "provider.keys_removed",
    [AUDIT_PROVIDER_WAITS] = "provider.waits",
    [AUDIT_PROVIDER_ACCEPTED] = "provider.accepted",
    [AUDIT_KEY_PUBLISHED] = "key.published",
    [AUDIT_KEY_ACTIVATED] = "key.activated",
    [AUDIT_KEY_DROPPED] = "key.dropped",
    [AUDIT_GROUP_CREATED] = "group.created",
    [AUDIT_GROUP_CHANGED] = "group.changed",
    [AUDIT_GROUP_DELETED] = "group.deleted",
};

static_assert(sizeof ACTIONS / sizeof ACTIONS[0] == AUDIT_ACTION_COUNT, "every action has a name");

static const char *const SUBJECTS[] = {
    [SUBJECT_ORG] = "org",
    [SUBJECT_USER] = "user",
    [SUBJECT_SESSION] = "session",
    [SUBJECT_TOKEN] = "token",
    [SUBJECT_CONNECTION] = "connection",
    [SUBJECT_DOMAIN] = "domain",
    [SUBJECT_KEY] = "key",
    [SUBJECT_GROUP] = "group",
};

static_assert(sizeof SUBJECTS / sizeof SUBJECTS[0] == SUBJECT_COUNT, "every subject has a name");

const char *audit_action_name(enum audit_action action) {
    assert(action < AUDIT_ACTION_COUNT);
    return ACTIONS[action];
}

const char *audit_subject_name(enum audit_subject subject) {
    assert(subject < SUBJECT_COUNT);
    return SUBJECTS[subject];
}
