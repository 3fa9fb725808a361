#include "identity/token_leaver.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mail.h"
#include "base/time_text.h"
#include "identity/api_token_store.h"
#include "messaging/audit.h"
#include "messaging/revoke.h"
#include "messaging/user.h"

static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};

static void set_text(struct scope *scope, struct json *object, const char *name, struct str text) {
    json_set(scope->arena, object, str_from_c(name), json_new_string(scope->arena, text));
}

static result enqueue_end(struct scope *scope, struct tx *tx, const struct api_token *token) {
    struct json *payload = json_new_object(scope->arena);
    set_text(scope, payload, "token", token->id);
    return job_enqueue(scope, tx, token->org_id, STR(TOKEN_END_JOB),
                       json_write(scope->arena, payload), token->expires_us);
}

/* One job for each mail, so that a repetition after a failure writes to nobody twice. The token's
 * name goes along: the row is gone when the second one is sent. */
static result enqueue_notices(struct scope *scope, struct tx *tx, const struct api_token *token,
                              const char *what) {
    struct user_list people;
    TRY(user_list_administrators(scope, tx_db(tx), token->org_id, &people));
    for (size_t i = 0; i < people.count; i++) {
        if (people.users[i].email.len == 0 || str_eq(people.users[i].id, token->creator_id)) {
            continue;
        }
        struct json *payload = json_new_object(scope->arena);
        set_text(scope, payload, "to", people.users[i].id);
        set_text(scope, payload, "what", str_from_c(what));
        set_text(scope, payload, "name", token->name);
        json_set(scope->arena, payload, STR("ends_us"),
                 json_new_integer(scope->arena, token->expires_us));
        TRY(job_enqueue(scope, tx, token->org_id, STR(TOKEN_NOTICE_JOB),
                        json_write(scope->arena, payload), clock_now_us(scope->env->clock)));
    }
    return OK_RESULT;
}

static result audit(struct scope *scope, struct tx *tx, const struct api_token *token,
                    enum audit_action action) {
    const struct audit row = {
        .org_id = token->org_id,
        .actor = &SYSTEM,
        .source = SOURCE_POLICY,
        .action = action,
        .subject_kind = SUBJECT_TOKEN,
        .subject_id = token->id,
        .reason_code = "creator_left",
    };
    return audit_append(scope, tx, &row);
}

static result read_member(struct scope *scope, const struct job *job, const char *name,
                          const struct json **ret_payload, struct str *ret) {
    TRY(json_read(scope, job->payload, ret_payload));
    return json_need_string(scope, *ret_payload, str_from_c(name), ret);
}

result token_leaver_flag(struct scope *scope, const struct identity *identity, struct db *db,
                         const struct job *job) {
    const struct json *payload = NULL;
    struct str user_id = STR("");
    TRY(read_member(scope, job, "user", &payload, &user_id));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct api_token_list flagged;
    TRY(api_token_store_flag(scope, tx, job->org_id, user_id, identity->token_grace_us, &flagged));
    for (size_t i = 0; i < flagged.count; i++) {
        const struct api_token *token = &flagged.tokens[i];
        TRY(audit(scope, tx, token, AUDIT_TOKEN_FLAGGED));
        TRY(enqueue_end(scope, tx, token));
        TRY(enqueue_notices(scope, tx, token, "flagged"));
    }
    return tx_commit(scope, tx);
}

result token_leaver_end(struct scope *scope, const struct messaging *messaging, struct db *db,
                        const struct job *job) {
    const struct json *payload = NULL;
    struct str id = STR("");
    TRY(read_member(scope, job, "token", &payload, &id));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_REVOCATION, &tx));
    struct api_token_list ended;
    TRY(api_token_store_end(scope, tx, job->org_id, id, &ended));
    if (ended.count == 0) {
        return OK_RESULT; /* revoked by hand meanwhile */
    }
    const struct api_token *token = &ended.tokens[0];
    TRY(audit(scope, tx, token, AUDIT_TOKEN_REVOKED));
    TRY(enqueue_notices(scope, tx, token, "ended"));
    const struct revoking what = {
        .org_id = token->org_id,
        .kind = REVOKED_TOKEN,
        .subject = token->id,
        .source = SOURCE_POLICY,
        .reason = STR("token.revoked"),
        .received_us = clock_now_us(scope->env->clock),
        .tokens = 1,
    };
    struct revocation row;
    TRY(revoke_in(scope, messaging, tx, &what, &row));
    return tx_commit(scope, tx);
}

static struct mail compose(struct scope *scope, const struct identity *identity, struct str to,
                           struct str name, int64_t ends_us, bool is_ended) {
    const struct str day = str_first(time_format(scope->arena, ends_us), 10);
    if (is_ended) {
        return (struct mail){
            .to = to,
            .subject = STR("A provisioning token has ended"),
            .text = str_format(
                scope->arena,
                "The provisioning token \"%.*s\" has ended: the person who made it has left and "
                "may still know it.\r\n\r\nAn identity provider that still uses it can no longer "
                "create or deactivate people here. Make a new token:\r\n%.*s/console\r\n",
                STR_ARG(name), STR_ARG(identity->public_url)),
        };
    }
    return (struct mail){
        .to = to,
        .subject = str_format(scope->arena, "A provisioning token ends on %.*s", STR_ARG(day)),
        .text = str_format(
            scope->arena,
            "The person who made the provisioning token \"%.*s\" has left and may still know it, "
            "so it ends on %.*s.\r\n\r\nMake a new one and give it to your identity provider "
            "before that day, or people are no longer created and deactivated here:\r\n"
            "%.*s/console\r\n",
            STR_ARG(name), STR_ARG(day), STR_ARG(identity->public_url)),
    };
}

result token_leaver_notice(struct scope *scope, const struct identity *identity, struct db *db,
                           const struct job *job) {
    const struct json *payload = NULL;
    struct str user_id = STR("");
    struct str what = STR("");
    struct str name = STR("");
    int64_t ends_us = 0;
    TRY(read_member(scope, job, "to", &payload, &user_id));
    TRY(json_need_string(scope, payload, STR("what"), &what));
    TRY(json_need_string(scope, payload, STR("name"), &name));
    TRY(json_optional_integer(scope, payload, STR("ends_us"), 0, INT64_MAX, &ends_us));
    struct user user;
    TRY(user_find(scope, db, job->org_id, user_id, &user));
    if (user.state != USER_ACTIVE || str_is_empty(user.email)) {
        return OK_RESULT;
    }
    if (scope->env->mail == NULL) {
        log_warning(scope, "token.notice_unsent", LOG_ORG(job->org_id), LOG_USER(user_id));
        return OK_RESULT;
    }
    const struct mail mail =
        compose(scope, identity, user.email, name, ends_us, str_eq(what, STR("ended")));
    const result sent = scope->env->mail->send(scope->env->mail, scope, &mail);
    if (sent.code == INVALID) { /* refused for good: not tried again */
        log_warning(scope, "token.notice_refused", LOG_ORG(job->org_id), LOG_USER(user_id),
                    LOG_REASON(scope));
        return OK_RESULT;
    }
    return sent;
}
