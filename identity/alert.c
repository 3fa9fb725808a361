#include "identity/alert.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mail.h"
#include "base/time_text.h"
#include "identity/alert_store.h"
#include "identity/connection.h"
#include "messaging/event_write.h"
#include "messaging/org.h"
#include "messaging/user.h"

enum { DATE_LEN = 10 };

static const int64_t THRESHOLD_DAYS[] = {1, 7, 30};

static const char *const KINDS[ALERT_KIND_COUNT] = {
    [ALERT_CERTIFICATE] = "certificate",
    [ALERT_PROVIDER_NEW_KEYS] = "provider_new_keys",
    [ALERT_PROVIDER_WAITS] = "provider_waits",
    [ALERT_PROVIDER_KEYS] = "provider_keys",
};

const char *alert_kind_name(enum alert_kind kind) {
    return KINDS[kind];
}

int64_t alert_threshold_days(int64_t left_us) {
    for (size_t i = 0; left_us > 0 && i < sizeof THRESHOLD_DAYS / sizeof *THRESHOLD_DAYS; i++) {
        if (left_us <= S_TO_US(THRESHOLD_DAYS[i] * 86400)) {
            return THRESHOLD_DAYS[i];
        }
    }
    return 0;
}

static struct str payload_of(struct scope *scope, const struct alert *alert, struct str user_id) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "user", user_id);
    json_out_member(&out, "connection", alert->connection_id);
    json_out_member(&out, "alert", str_from_c(alert_kind_name(alert->kind)));
    json_out_member_boolean(&out, "own", alert->is_own);
    json_out_member_number(&out, "days", alert->days);
    json_out_member_number(&out, "not_after_us", alert->not_after_us);
    json_out_member(&out, "fingerprint", alert->fingerprint);
    json_out_close_object(&out);
    return json_out_end(&out);
}

/* For administrators only: colleagues need not know how their organisation signs in. */
static struct str event_of(struct scope *scope, const struct alert *alert,
                           const struct user_list *readers) {
    struct json *audience = json_new_array(scope->arena);
    for (size_t i = 0; i < readers->count; i++) {
        json_append(scope->arena, audience, json_new_string(scope->arena, readers->users[i].id));
    }
    struct json *event = json_new_object(scope->arena);
    json_set(scope->arena, event, STR("type"),
             json_new_string(scope->arena, STR("connection.alert")));
    json_set(scope->arena, event, STR("connection"),
             json_new_string(scope->arena, alert->connection_id));
    json_set(scope->arena, event, STR("alert"),
             json_new_string(scope->arena, str_from_c(alert_kind_name(alert->kind))));
    return event_payload(scope, audience, event);
}

result alert_raise(struct scope *scope, struct tx *tx, const struct alert *alert) {
    static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct user_list readers;
    int64_t seq = 0;
    TRY(user_list_administrators(scope, tx_db(tx), alert->org_id, &readers));
    const bool is_mailed = alert->kind != ALERT_PROVIDER_NEW_KEYS;
    for (size_t i = 0; is_mailed && i < readers.count; i++) {
        if (readers.users[i].email.len > 0) {
            TRY(job_enqueue(scope, tx, alert->org_id, STR(ALERT_JOB),
                            payload_of(scope, alert, readers.users[i].id), now_us));
        }
    }
    return event_write(scope, tx, &SYSTEM, alert->org_id, STR("connection.alert"),
                       event_of(scope, alert, &readers), &seq);
}

result alert_raise_expiry(struct scope *scope, struct db *db, const struct alert *alert) {
    bool is_new = false;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(alert_store_note_expiry(scope, tx, alert, &is_new));
    if (!is_new) {
        return OK_RESULT;
    }
    TRY(alert_raise(scope, tx, alert));
    return tx_commit(scope, tx);
}

static result read_payload(struct scope *scope, const struct job *job, struct alert *ret,
                           struct str *ret_user_id) {
    const struct json *json = NULL;
    struct alert alert = {.org_id = job->org_id, .kind = ALERT_KIND_COUNT};
    struct str kind = STR("");
    TRY(json_read(scope, job->payload, &json));
    TRY(json_need_string(scope, json, STR("user"), ret_user_id));
    TRY(json_need_string(scope, json, STR("connection"), &alert.connection_id));
    TRY(json_need_string(scope, json, STR("alert"), &kind));
    TRY(json_need_string(scope, json, STR("fingerprint"), &alert.fingerprint));
    alert.is_own = json_as_boolean(json_get(json, STR("own")));
    alert.days = json_as_integer(json_get(json, STR("days")));
    alert.not_after_us = json_as_integer(json_get(json, STR("not_after_us")));
    for (int i = 0; i < ALERT_KIND_COUNT; i++) {
        alert.kind = str_eq(kind, str_from_c(KINDS[i])) ? (enum alert_kind) i : alert.kind;
    }
    REQUIRE(scope, alert.kind != ALERT_KIND_COUNT, INTERNAL, "alert.kind");
    *ret = alert;
    return OK_RESULT;
}

static struct str certificate_text(struct scope *scope, const struct alert *alert, struct str name,
                                   struct str *ret_subject) {
    const struct str date = str_first(time_format(scope->arena, alert->not_after_us), DATE_LEN);
    *ret_subject =
        str_format(scope->arena, "A certificate of the connection \"%.*s\" expires on %.*s",
                   STR_ARG(name), STR_ARG(date));
    return str_format(
        scope->arena,
        "a certificate of the connection \"%.*s\" expires on %.*s (UTC), in %lld day%s or less.\n\n"
        "It belongs to %s.\nSHA-256 fingerprint: %.*s\n\n%s\n",
        STR_ARG(name), STR_ARG(date), (long long) alert->days, alert->days == 1 ? "" : "s",
        alert->is_own ? "Gatehouse" : "the identity provider", STR_ARG(alert->fingerprint),
        alert->is_own ? "Begin the rollover of our keys, and give the new metadata to the identity "
                        "provider before that day."
                      : "If the connection has the address of the provider's metadata, a new "
                        "certificate is taken over as soon as the provider publishes it. If not, "
                        "bring the new metadata before that day.");
}

static struct str provider_text(struct scope *scope, const struct alert *alert, struct str name,
                                struct str *ret_subject) {
    if (alert->kind == ALERT_PROVIDER_WAITS) {
        *ret_subject = str_format(
            scope->arena, "The provider of the connection \"%.*s\" has changed", STR_ARG(name));
        return str_format(scope->arena,
                          "the metadata of the identity provider behind the connection \"%.*s\" "
                          "names another provider or other addresses.\n\nNothing of that is used "
                          "until an administrator has looked at the difference and accepted it. "
                          "If you did not expect a change, ask your provider before you accept.\n",
                          STR_ARG(name));
    }
    *ret_subject = str_format(
        scope->arena, "The metadata of the connection \"%.*s\" has no usable key", STR_ARG(name));
    return str_format(scope->arena,
                      "the metadata of the identity provider behind the connection \"%.*s\" holds "
                      "no signing certificate that can be used any more.\n\nIt was not applied: "
                      "sign-in goes on with the keys known so far, until their metadata runs out. "
                      "Ask your provider to repair its metadata.\n",
                      STR_ARG(name));
}

static struct mail compose(struct scope *scope, const struct messaging *messaging,
                           const struct alert *alert, const struct org *org, struct str name) {
    struct mail mail;
    const struct str text = alert->kind == ALERT_CERTIFICATE
                                ? certificate_text(scope, alert, name, &mail.subject)
                                : provider_text(scope, alert, name, &mail.subject);
    mail.text = str_format(scope->arena,
                           "Hello,\n\n%.*s\n%.*s/console\n\nYou get this mail because you "
                           "administrate the organisation \"%.*s\".\n",
                           STR_ARG(text), STR_ARG(messaging->public_url), STR_ARG(org->name));
    return mail;
}

static bool is_reader(const struct user *user) {
    return user->state == USER_ACTIVE && user->email.len > 0 &&
           (user->role == ROLE_ADMIN || user->role == ROLE_CREATOR);
}

/* An address that the relay refuses for good is not tried again. */
static result send(struct scope *scope, const struct job *job, const struct mail *mail) {
    if (scope->env->mail == NULL) {
        log_warning(scope, "alert.no_mail", LOG_ORG(job->org_id), LOG_ID("job", job->id));
        return OK_RESULT;
    }
    const result sent = scope->env->mail->send(scope->env->mail, scope, mail);
    if (sent.code == INVALID) {
        log_warning(scope, "alert.refused", LOG_ORG(job->org_id), LOG_ID("job", job->id),
                    LOG_REASON(scope));
        return OK_RESULT;
    }
    return sent;
}

result alert_mail_run(struct scope *scope, const struct messaging *messaging, struct db *db,
                      const struct job *job) {
    struct alert alert;
    struct str user_id = STR("");
    struct user user;
    struct org org;
    struct connection connection;
    TRY(read_payload(scope, job, &alert, &user_id));
    const result found = user_find(scope, db, job->org_id, user_id, &user);
    if (found.code == NOT_FOUND || (is_ok(found) && !is_reader(&user))) {
        return OK_RESULT;
    }
    TRY(found);
    const result known = connection_find(scope, db, job->org_id, alert.connection_id, &connection);
    if (known.code == NOT_FOUND) {
        return OK_RESULT; /* deleted meanwhile: nobody has to do anything */
    }
    TRY(known);
    TRY(org_find(scope, db, job->org_id, &org));
    struct mail mail = compose(scope, messaging, &alert, &org, connection.name);
    mail.to = user.email;
    return send(scope, job, &mail);
}
