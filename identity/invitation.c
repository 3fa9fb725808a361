#include "identity/invitation.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mail.h"
#include "base/password.h"
#include "base/random.h"
#include "identity/invitation_store.h"
#include "identity/password_login.h"
#include "messaging/org.h"
#include "messaging/user.h"

enum { SECRET_BYTES = 32, GOOD_DAYS = 7, TOKEN_MAX_BYTES = 256 };

#define TOKEN_PREFIX "ghi_"

result invitation_enqueue(struct scope *scope, struct tx *tx, const struct user *user) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "user", user->id);
    json_out_member_number(&out, "epoch", user->epoch);
    json_out_close_object(&out);
    return job_enqueue(scope, tx, user->org_id, STR(INVITATION_JOB), json_out_end(&out),
                       clock_now_us(scope->env->clock));
}

/* Carries its organisation, as every credential does: the row is looked for inside one alone. */
static struct str token_make(struct scope *scope, struct str org_id) {
    return str_format(scope->arena, TOKEN_PREFIX "%.*s.%.*s", STR_ARG(org_id),
                      STR_ARG(random_token(scope, SECRET_BYTES)));
}

static result token_read(struct scope *scope, struct str token, struct str *ret_org_id) {
    const struct str prefix = STR(TOKEN_PREFIX);
    struct str org_id = STR("");
    REQUIRE(scope, token.len <= TOKEN_MAX_BYTES && str_has_prefix(token, prefix), UNAUTHENTICATED,
            "invitation.refused");
    (void) str_split(str_from(token, prefix.len), '.', &org_id);
    REQUIRE(scope, uuid_is_valid(org_id), UNAUTHENTICATED, "invitation.refused");
    *ret_org_id = org_id;
    return OK_RESULT;
}

static result keep(struct scope *scope, struct db *db, const struct user *user, struct str token) {
    const struct invitation invitation = {
        .org_id = user->org_id,
        .user_id = user->id,
        .epoch = user->epoch,
        .token_hash = sha256_text(scope->arena, token),
        .expires_us = clock_now_us(scope->env->clock) + S_TO_US(GOOD_DAYS * 24 * 3600),
    };
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(user_guard_active(scope, tx, user->org_id, user->id, user->epoch));
    TRY(invitation_store_put(scope, tx, &invitation));
    return tx_commit(scope, tx);
}

static struct mail compose(struct scope *scope, const struct identity *identity,
                           const struct user *user, const struct org *org, struct str token) {
    return (struct mail){
        .to = user->email,
        .subject = str_format(scope->arena, "Your account at %.*s", STR_ARG(org->name)),
        .text = str_format(
            scope->arena,
            "Hello,\n\nan account was made for you in the organisation \"%.*s\". Set your "
            "password here; the link works once, within %d days:\n%.*s/welcome#token=%.*s\n\n"
            "If you did not expect this mail, do nothing.\n",
            STR_ARG(org->name), (int) GOOD_DAYS, STR_ARG(identity->public_url), STR_ARG(token)),
    };
}

static result send(struct scope *scope, const struct identity *identity, struct db *db,
                   const struct user *user) {
    struct org org;
    TRY(org_find(scope, db, user->org_id, &org));
    const struct str token = token_make(scope, user->org_id);
    TRY(keep(scope, db, user, token));
    const struct mail mail = compose(scope, identity, user, &org, token);
    const result sent = scope->env->mail->send(scope->env->mail, scope, &mail);
    if (sent.code == INVALID) { /* refused for good: not tried again */
        log_error(scope, "invitation.undeliverable", LOG_ORG(user->org_id), LOG_USER(user->id),
                  LOG_REASON(scope));
        return OK_RESULT;
    }
    return sent;
}

result invitation_mail_run(struct scope *scope, const struct identity *identity, struct db *db,
                           const struct job *job) {
    const struct json *payload = NULL;
    struct str user_id = STR("");
    int64_t epoch = 0;
    TRY(json_read(scope, job->payload, &payload));
    TRY(json_need_string(scope, payload, STR("user"), &user_id));
    TRY(json_optional_integer(scope, payload, STR("epoch"), 0, INT64_MAX, &epoch));
    struct user user;
    TRY(user_find(scope, db, job->org_id, user_id, &user));
    if (user.state != USER_ACTIVE || user.epoch != epoch || str_is_empty(user.email)) {
        return OK_RESULT;
    }
    REQUIRE(scope, scope->env->mail != NULL, UNAVAILABLE, "mail.none");
    return send(scope, identity, db, &user);
}

static result set_password(struct scope *scope, struct db *db, struct str org_id,
                           struct str token_hash, const struct password_change *wanted) {
    struct invitation invitation;
    struct password_change change = *wanted;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(invitation_store_take(scope, tx, org_id, token_hash, &invitation));
    const result active =
        user_guard_active(scope, tx, org_id, invitation.user_id, invitation.epoch);
    REQUIRE(scope, active.code != UNAUTHENTICATED, UNAUTHENTICATED, "invitation.refused");
    TRY(active);
    change.user_id = invitation.user_id;
    TRY(local_password_set(scope, tx, &change));
    return tx_commit(scope, tx);
}

/* Looked for before the expensive hash, taken after it. */
result invitation_accept(struct scope *scope, struct db *db, const struct invitation_answer *answer,
                         struct str *ret_org_id) {
    struct str org_id;
    TRY(token_read(scope, answer->token, &org_id));
    const struct str token_hash = sha256_text(scope->arena, answer->token);
    bool is_there = false;
    TRY(invitation_store_exists(scope, db, org_id, token_hash, &is_there));
    REQUIRE(scope, is_there, UNAUTHENTICATED, "invitation.refused");
    struct password_change change = {
        .org_id = org_id, .source = SOURCE_CONSOLE, .request_id = answer->request_id};
    TRY(password_hash(scope, answer->password, &change.hash));
    TRY(set_password(scope, db, org_id, token_hash, &change));
    *ret_org_id = org_id;
    return OK_RESULT;
}
