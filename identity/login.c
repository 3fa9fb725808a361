/* The one login completion. Whoever signs in is found by the link (organisation, connection,
 * issuer, subject); only without one the connection's rules are asked, once. */

#include "base/cookie.h"
#include "base/log.h"
#include "identity/identity_link_store.h"
#include "identity/session.h"
#include "messaging/audit.h"
#include "messaging/event_write.h"
#include "messaging/user.h"

/* A person who was found or is to be made. */
struct candidate {
    struct user user;
    bool is_linked, is_new, has_lost_rights;
};

static result find_by_attribute(struct scope *scope, struct db *db,
                                const struct verified_identity *who, struct user *ret) {
    switch (who->match_attribute) {
    case MATCH_EXTERNAL_ID:
        return user_find_by_external_id(scope, db, who->org_id, who->match_value, ret);
    case MATCH_USER_NAME: return user_find_by_name(scope, db, who->org_id, who->match_value, ret);
    case MATCH_EMAIL:
        /* An address is worth something only when the provider has verified it and the
         * organisation has proved that the domain is its own. */
        REQUIRE(scope, who->is_email_verified && who->is_domain_proved, NOT_FOUND,
                "login.email_unproved");
        return user_find_by_email(scope, db, who->org_id, who->match_value, ret);
    case MATCH_ATTRIBUTE_COUNT: break;
    }
    return FAIL(scope, INTERNAL, "login.attribute");
}

/* NOT_FOUND: nobody fits. A creator is never linked by what a provider says: administrators may
 * make connections, and one to a provider of their own would be a way to a higher account. Who is
 * linked to another subject of the connection is not linked again: a name that was given to a
 * successor does not open the predecessor's account. */
static result match(struct scope *scope, struct db *db, const struct verified_identity *who,
                    struct candidate *ret) {
    REQUIRE(scope, !str_is_empty(who->match_value), NOT_FOUND, "login.no_match");
    struct candidate candidate = {0};
    TRY(find_by_attribute(scope, db, who, &candidate.user));
    REQUIRE(scope, candidate.user.role != ROLE_CREATOR, FORBIDDEN, "login.creator");
    bool is_taken = false;
    TRY(identity_link_is_taken(scope, db, who, candidate.user.id, &is_taken));
    REQUIRE(scope, !is_taken, CONFLICT, "login.linked");
    *ret = candidate;
    return OK_RESULT;
}

static struct user_profile profile_of(const struct verified_identity *who) {
    struct user_profile profile = {
        .user_name = who->user_name,
        .display_name = who->display_name,
        .email = who->email,
    };
    if (str_is_empty(profile.user_name)) {
        profile.user_name = str_is_empty(who->email) ? who->subject : who->email;
    }
    return profile;
}

/* Somebody of whom the organisation knows name, address or directory id is not made a second time:
 * a leaver must not come back as a newcomer. */
static result check_newcomer(struct scope *scope, struct db *db,
                             const struct verified_identity *who) {
    REQUIRE(scope, who->provisioning == PROVISION_JIT, NOT_FOUND, "login.no_match");
    struct user_profile profile = profile_of(who);
    if (who->match_attribute == MATCH_EXTERNAL_ID) {
        profile.external_id = who->match_value;
    }
    bool is_known = false;
    TRY(user_is_known(scope, db, who->org_id, &profile, &is_known));
    REQUIRE(scope, !is_known, CONFLICT, "login.known");
    return OK_RESULT;
}

static result find_candidate(struct scope *scope, struct db *db,
                             const struct verified_identity *who, struct candidate *ret) {
    struct candidate candidate = {0};
    struct str user_id;
    const result linked = identity_link_find(scope, db, who, &user_id);
    if (linked.code != NOT_FOUND) {
        TRY(linked);
        TRY(user_find(scope, db, who->org_id, user_id, &candidate.user));
        candidate.is_linked = true;
        *ret = candidate;
        return OK_RESULT;
    }
    const result matched = match(scope, db, who, &candidate);
    if (matched.code == NOT_FOUND) {
        TRY(check_newcomer(scope, db, who));
        candidate.is_new = true;
        *ret = candidate;
        return OK_RESULT;
    }
    TRY(matched);
    *ret = candidate;
    return OK_RESULT;
}

static result note(struct scope *scope, struct tx *tx, const struct call *call,
                   const struct user *user, enum audit_action action) {
    const struct actor self = {.kind = ACTOR_USER, .id = user->id};
    const struct audit audit = {
        .org_id = user->org_id,
        .actor = &self,
        .source = SOURCE_POLICY, /* of the connection */
        .action = action,
        .subject_kind = SUBJECT_USER,
        .subject_id = user->id,
        .request_id = call->request->request_id,
    };
    return audit_append(scope, tx, &audit);
}

static result make_newcomer(struct scope *scope, struct tx *tx, const struct call *call,
                            const struct verified_identity *who, struct user *ret) {
    static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};
    const struct user_profile profile = profile_of(who);
    TRY(user_create(scope, tx, who->org_id, &profile, ROLE_MEMBER, false, ret));
    TRY(note(scope, tx, call, ret, AUDIT_USER_CREATED));
    int64_t seq = 0;
    return event_write(scope, tx, &SYSTEM, who->org_id, STR("user.created"),
                       event_payload_user(scope, "user.created", ret->id), &seq);
}

/* What the provider's groups say. Owners are not its business: their role is flagged, never
 * changed, so that no group mapping can leave an organisation without one. */
static result apply_role(struct scope *scope, struct tx *tx, const struct call *call,
                         const struct verified_identity *who, struct candidate *candidate) {
    static const struct actor SYSTEM = {.kind = ACTOR_SYSTEM};
    struct user *user = &candidate->user;
    const bool is_raised = who->role > user->role;
    if (!who->has_role || user->role == who->role || (is_raised && who->is_role_highest)) {
        return OK_RESULT;
    }
    if (user->role == ROLE_CREATOR) {
        return note(scope, tx, call, user, AUDIT_USER_ROLE_KEPT);
    }
    TRY(user_set_role(scope, tx, user->org_id, user->id, who->role));
    TRY(note(scope, tx, call, user, AUDIT_USER_ROLE_CHANGED));
    candidate->has_lost_rights = !is_raised;
    user->role = who->role;
    int64_t seq = 0;
    return event_write(scope, tx, &SYSTEM, user->org_id, STR("user.updated"),
                       event_payload_user(scope, "user.updated", user->id), &seq);
}

static result prepare(struct scope *scope, struct tx *tx, const struct call *call,
                      const struct verified_identity *who, struct candidate *candidate) {
    if (candidate->is_new) {
        TRY(make_newcomer(scope, tx, call, who, &candidate->user));
    }
    const struct user *user = &candidate->user;
    TRY(user_guard_active(scope, tx, user->org_id, user->id, user->epoch));
    TRY(apply_role(scope, tx, call, who, candidate));
    if (candidate->is_linked) {
        return OK_RESULT;
    }
    TRY(identity_link_insert(scope, tx, who, user->id));
    return note(scope, tx, call, user, AUDIT_USER_LINKED);
}

/* Remembers what the rider said: its refusals are not about the person. */
struct ridden {
    const struct session_rider *rider;
    bool has_failed;
};

static result ride(struct scope *scope, struct tx *tx, void *context, struct str user_id,
                   struct str session_id) {
    struct ridden *ridden = context;
    if (ridden->rider == NULL) {
        return OK_RESULT;
    }
    const result done = ridden->rider->ride(scope, tx, ridden->rider->context, user_id, session_id);
    ridden->has_failed = !is_ok(done);
    return done;
}

static result open_session(struct scope *scope, struct call *call,
                           const struct verified_identity *who, struct ridden *ridden,
                           struct candidate *candidate, struct session_secret *ret) {
    const struct session_rider rider = {ride, ridden};
    struct new_session input = {
        .org_id = who->org_id,
        .connection_id = who->connection_id,
        .connection_version = who->connection_version,
        .method = who->method,
        .end_us = who->end_us,
        .rider = &rider,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
    TRY(cookie_get(scope, http_header_get(call->request, "Cookie"),
                   str_from_c(session_cookie_name(call->identity)), &input.old_cookie));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(prepare(scope, tx, call, who, candidate));
    input.user_id = candidate->user.id;
    input.epoch = candidate->user.epoch;
    input.ends_others = candidate->has_lost_rights;
    TRY(session_create(scope, call->identity, call->messaging, tx, &input, ret));
    return tx_commit(scope, tx);
}

static result complete(struct scope *scope, struct call *call, const struct verified_identity *who,
                       struct ridden *ridden, struct login_result *ret) {
    struct candidate candidate = {0};
    TRY(find_candidate(scope, call->db, who, &candidate));
    struct session_secret session;
    TRY(open_session(scope, call, who, ridden, &candidate, &session));
    *ret = (struct login_result){
        .user_id = candidate.user.id,
        .session_id = session.id,
        .cookie_value = session.cookie_value,
        .csrf = session.csrf,
        .epoch = candidate.user.epoch,
    };
    return OK_RESULT;
}

result login_complete(struct scope *scope, struct call *call, const struct verified_identity *who,
                      const struct session_rider *rider, struct login_result *ret) {
    struct ridden ridden = {.rider = rider};
    const result completed = complete(scope, call, who, &ridden, ret);
    if (ridden.has_failed) {
        return completed;
    }
    switch (completed.code) {
    case OK:
    case UNAVAILABLE:
    case THROTTLED:
    case INTERNAL: return completed;
    case INVALID:
    case UNAUTHENTICATED:
    case FORBIDDEN:
    case NOT_FOUND:
    case CONFLICT:
    case TOO_LARGE:
    case CODE_COUNT: break;
    }
    log_info(scope, "login.refused", LOG_ORG(who->org_id), LOG_ID("connection", who->connection_id),
             LOG_REASON(scope));
    ret->refused = scope->reason;
    return FAIL(scope, FORBIDDEN, "login.refused");
}
