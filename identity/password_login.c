#include "identity/password_login.h"

#include "base/clock.h"
#include "base/cookie.h"
#include "base/env.h"
#include "base/fold.h"
#include "base/log.h"
#include "base/password.h"
#include "identity/local_password_store.h"
#include "identity/login_throttle.h"
#include "messaging/audit.h"
#include "messaging/org.h"
#include "messaging/user.h"

/* What cannot be folded cannot belong to anybody; it is counted and looked for all the same. */
static struct str key_of(struct scope *scope, struct str email) {
    struct str key = STR("");
    if (email.len > USER_EMAIL_MAX_BYTES || !is_ok(fold_key(scope, email, &key))) {
        return STR("\x01");
    }
    return key;
}

static result route(struct scope *scope, struct db *db, struct str slug, struct str *ret_org_id) {
    struct lookup lookup = {0};
    const struct str key = slug.len > ORG_SLUG_MAX_BYTES ? STR("") : slug;
    const result found = lookup_find(scope, db, LOOKUP_SLUG, key, &lookup);
    if (found.code != NOT_FOUND) {
        TRY(found);
    }
    *ret_org_id = lookup.org_id;
    return OK_RESULT;
}

result password_login_begin(struct scope *scope, struct db *db,
                            const struct password_attempt *attempt, struct password_login *ret) {
    const struct str email_key = key_of(scope, attempt->email);
    struct password_login login = {.attempt = *attempt};
    login.account =
        str_format(scope->arena, "%.*s\n%.*s", STR_ARG(attempt->org_slug), STR_ARG(email_key));
    *ret = login; /* retry_after_s is told although the call fails */
    TRY(login_throttle_count(scope, db, login.account, attempt->client_address,
                             &ret->retry_after_s));
    TRY(route(scope, db, attempt->org_slug, &login.org_id));
    struct local_password found;
    TRY(local_password_find(scope, db, login.org_id, email_key, &found));
    login.user_id = found.user_id;
    login.hash = found.hash;
    login.epoch = found.epoch;
    *ret = login;
    return OK_RESULT;
}

result password_login_verify(struct scope *scope, struct password_login *login) {
    const struct secret password = login->attempt.password;
    const result verified = password_verify(scope, password, login->hash);
    if (verified.code == UNAUTHENTICATED) {
        return FAIL(scope, UNAUTHENTICATED, "login.refused");
    }
    TRY(verified);
    if (password_needs_rehash(login->hash)) {
        TRY(password_hash(scope, password, &login->new_hash));
    }
    return OK_RESULT;
}

static result open_session(struct scope *scope, const struct identity *identity,
                           const struct messaging *messaging, struct db *db,
                           const struct password_login *login, struct session_secret *ret) {
    const struct new_session input = {
        .org_id = login->org_id,
        .user_id = login->user_id,
        .epoch = login->epoch,
        .method = "password",
        .old_cookie = login->attempt.old_cookie,
        .request_id = login->attempt.request_id,
        .received_us = login->attempt.received_us,
    };
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_active(scope, tx, login->org_id, login->user_id, login->epoch));
    if (!str_is_empty(login->new_hash)) {
        TRY(local_password_put(scope, tx, login->org_id, login->user_id, login->new_hash));
    }
    TRY(login_throttle_clear(scope, tx, login->account));
    TRY(session_create(scope, identity, messaging, tx, &input, ret));
    return tx_commit(scope, tx);
}

result password_login_finish(struct scope *scope, const struct identity *identity,
                             const struct messaging *messaging, struct db *db,
                             const struct password_login *login, struct login_result *ret) {
    struct session_secret session;
    const result opened = open_session(scope, identity, messaging, db, login, &session);
    if (opened.code == UNAUTHENTICATED) {
        return FAIL(scope, UNAUTHENTICATED, "login.refused");
    }
    TRY(opened);
    *ret = (struct login_result){
        .user_id = login->user_id,
        .session_id = session.id,
        .cookie_value = session.cookie_value,
        .csrf = session.csrf,
        .epoch = login->epoch,
    };
    return OK_RESULT;
}

result password_login_run(struct scope *scope, struct call *call,
                          const struct password_attempt *attempt, struct login_result *ret,
                          int64_t *ret_retry_after_s) {
    struct password_login login = {0};
    const result begun = password_login_begin(scope, call->db, attempt, &login);
    *ret_retry_after_s = login.retry_after_s;
    TRY(begun);
    TRY(password_login_verify(scope, &login));
    return password_login_finish(scope, call->identity, call->messaging, call->db, &login, ret);
}

result local_password_set(struct scope *scope, struct tx *tx,
                          const struct password_change *change) {
    const struct actor self = {.kind = ACTOR_USER, .id = change->user_id};
    const struct audit audit = {
        .org_id = change->org_id,
        .actor = change->actor == NULL ? &self : change->actor,
        .source = change->source,
        .action = AUDIT_PASSWORD_SET,
        .subject_kind = SUBJECT_USER,
        .subject_id = change->user_id,
        .request_id = change->request_id,
    };
    TRY(local_password_put(scope, tx, change->org_id, change->user_id, change->hash));
    return audit_append(scope, tx, &audit);
}
