#include "identity/session.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/cookie.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/session_store.h"
#include "messaging/audit.h"
#include "messaging/revoke.h"
#include "messaging/user.h"

static result audit_session(struct scope *scope, struct tx *tx, const struct session_end *end,
                            enum audit_action action, struct str session_id) {
    const struct audit audit = {
        .org_id = end->org_id,
        .actor = end->actor,
        .source = end->source,
        .action = action,
        .subject_kind = SUBJECT_SESSION,
        .subject_id = session_id,
        .request_id = end->request_id,
    };
    return audit_append(scope, tx, &audit);
}

static result revoke_session(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                             const struct session_end *end, struct str session_id,
                             struct revocation *ret) {
    const bool is_own =
        end->actor->kind == ACTOR_USER && str_eq(end->actor->credential_id, session_id);
    const struct revoking what = {
        .org_id = end->org_id,
        .kind = REVOKED_SESSION,
        .subject = session_id,
        .user_id = end->user_id,
        .source = end->source,
        .reason = STR("session.revoked"),
        .received_us = end->received_us,
        .sessions = 1,
        .has_no_receipt = is_own,
    };
    return revoke_in(scope, messaging, tx, &what, ret);
}

/* The session that the browser held before is worth nothing from here on: whoever planted or kept
 * it does not ride along (session fixation). */
static result delete_old(struct scope *scope, struct tx *tx, const struct new_session *input,
                         struct str *ret_id) {
    struct credential old;
    if (str_is_empty(input->old_cookie) ||
        !is_ok(credential_parse_session(scope, input->old_cookie, &old)) ||
        !str_eq(old.org_id, input->org_id)) {
        *ret_id = STR("");
        return OK_RESULT;
    }
    return session_store_delete_by_hash(scope, tx, old.org_id, old.token_hash, ret_id);
}

static result revoke_old(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                         const struct session_end *note, struct str old_id) {
    if (str_is_empty(old_id)) {
        return OK_RESULT;
    }
    const struct actor by_own_hand = {
        .kind = ACTOR_USER, .id = note->actor->id, .credential_id = old_id};
    struct session_end end = *note;
    end.actor = &by_own_hand;
    struct revocation row;
    return revoke_session(scope, messaging, tx, &end, old_id, &row);
}

/* The row of the last session is the highest: who waits on it waits on all. */
static result revoke_all(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                         const struct session_end *end, const struct session_ids *gone,
                         struct revocation *ret) {
    for (size_t i = 0; i < gone->count; i++) {
        TRY(audit_session(scope, tx, end, AUDIT_SESSION_REVOKED, gone->ids[i]));
    }
    for (size_t i = 0; i < gone->count; i++) {
        TRY(revoke_session(scope, messaging, tx, end, gone->ids[i], ret));
    }
    return OK_RESULT;
}

/* All others, or the oldest beyond the limit: the guard of the person's row has put the sign-ins of
 * one person in order. */
static result end_others(struct scope *scope, const struct messaging *messaging, struct tx *tx,
                         const struct new_session *input, const struct session_ids *gone) {
    const struct actor policy = {.kind = ACTOR_SYSTEM};
    const struct session_end end = {
        .org_id = input->org_id,
        .user_id = input->user_id,
        .actor = &policy,
        .source = SOURCE_POLICY,
        .request_id = input->request_id,
        .received_us = input->received_us,
    };
    struct revocation row;
    return revoke_all(scope, messaging, tx, &end, gone, &row);
}

static struct session session_of(struct scope *scope, const struct identity *identity,
                                 const struct new_session *input) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    const int64_t absolute_us = now_us + identity->session_absolute_us;
    const bool ends_sooner = input->end_us > 0 && input->end_us < absolute_us;
    return (struct session){
        .org_id = input->org_id,
        .id = uuid_v7(scope),
        .user_id = input->user_id,
        .connection_id = input->connection_id,
        .method = str_from_c(input->method),
        .epoch = input->epoch,
        .created_us = now_us,
        .seen_us = now_us,
        .idle_us = identity->session_idle_us,
        .expires_us = ends_sooner ? input->end_us : absolute_us,
    };
}

result session_create(struct scope *scope, const struct identity *identity,
                      const struct messaging *messaging, struct tx *tx,
                      const struct new_session *input, struct session_secret *ret) {
    TRY(user_guard_active(scope, tx, input->org_id, input->user_id, input->epoch));
    if (!str_is_empty(input->connection_id)) {
        TRY(connection_guard(scope, tx, input->org_id, input->connection_id,
                             input->connection_version));
    }
    struct session_ids others = {0};
    if (input->ends_others) {
        TRY(session_store_delete(scope, tx, input->org_id, input->user_id, STR(""), &others));
    }
    const struct session session = session_of(scope, identity, input);
    struct session_secret secret = {.id = session.id};
    struct str token_hash;
    TRY(credential_make(scope, CREDENTIAL_SESSION, input->org_id, &secret.cookie_value,
                        &token_hash));
    secret.csrf = csrf_of_session(scope, secret.cookie_value);
    TRY(session_store_insert(scope, tx, &session, token_hash,
                             sha256_text(scope->arena, secret.csrf)));
    if (input->rider != NULL) {
        TRY(input->rider->ride(scope, tx, input->rider->context, input->user_id, session.id));
    }
    const struct actor actor = {
        .kind = ACTOR_USER, .id = input->user_id, .credential_id = session.id};
    const struct session_end note = {.org_id = input->org_id,
                                     .user_id = input->user_id,
                                     .session_id = session.id,
                                     .actor = &actor,
                                     .source = SOURCE_CONSOLE,
                                     .request_id = input->request_id,
                                     .received_us = input->received_us};
    TRY(audit_session(scope, tx, &note, AUDIT_SESSION_STARTED, session.id));
    struct str old_id = STR("");
    TRY(delete_old(scope, tx, input, &old_id));
    if (!input->ends_others && identity->sessions_per_person > 0) {
        TRY(session_store_delete_oldest(scope, tx, &note, identity->sessions_per_person, &others));
    }
    TRY(end_others(scope, messaging, tx, input, &others));
    TRY(revoke_old(scope, messaging, tx, &note, old_id));
    *ret = secret;
    return OK_RESULT;
}

result session_end(struct scope *scope, const struct messaging *messaging, struct db *db,
                   const struct session_end *end, struct revoked *ret) {
    struct str generation;
    TRY(db_generation(scope, db, &generation));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_REVOCATION, &tx));
    TRY(user_guard_actor(scope, tx, end->actor));
    struct session_ids gone;
    TRY(session_store_delete(scope, tx, end->org_id, end->user_id, end->session_id, &gone));
    REQUIRE(scope, gone.count > 0, NOT_FOUND, "session.unknown");
    struct revocation row = {0};
    TRY(revoke_all(scope, messaging, tx, end, &gone, &row));
    TRY(tx_commit(scope, tx));
    revoke_done(scope, &row, generation, ret);
    return OK_RESULT;
}

const char *session_cookie_name(const struct identity *identity) {
    return identity->is_public_url_https ? "__Host-gatehouse" : "gatehouse";
}

static result set_cookie(struct scope *scope, const struct identity *identity, struct str value,
                         int64_t max_age_s, struct http_response *response) {
    const struct cookie cookie = {
        .name = str_from_c(session_cookie_name(identity)),
        .value = value,
        .path = STR("/"),
        .max_age_s = max_age_s,
        .is_secure = identity->is_public_url_https,
        .is_http_only = true,
        .same_site = "Lax",
    };
    struct str line;
    TRY(cookie_format(scope, &cookie, &line));
    return http_header_add(scope, response, "Set-Cookie", line);
}

result session_set_cookie(struct scope *scope, const struct identity *identity, struct str value,
                          struct http_response *response) {
    return set_cookie(scope, identity, value, -1, response);
}

result session_clear_cookie(struct scope *scope, const struct identity *identity,
                            struct http_response *response) {
    return set_cookie(scope, identity, STR(""), 0, response);
}
