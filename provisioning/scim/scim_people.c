#include "provisioning/scim/scim_people.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "messaging/audit.h"
#include "messaging/event_write.h"
#include "provisioning/scim/scim_match.h"
#include "provisioning/scim/scim_member.h"
#include "provisioning/scim/scim_patch.h"

/* People of one externalId, among whom an active one is looked for. */
enum { MOST_MATCHES = 200 };

static struct scim_rules rules_of(const struct scim_source *source) {
    return (struct scim_rules){.type = &SCIM_USER_TYPE, .profile = source->profile};
}

static struct str text_of(const struct json *object, struct str name) {
    return json_as_string(json_get(object, name));
}

result scim_people_find(struct scope *scope, const struct scim_source *source, struct db *db,
                        struct str id, struct scim_person *ret) {
    struct scim_row row;
    TRY(scim_user_store_find(scope, db, source->org_id, id, &row));
    return scim_record_read(scope, source, &row, ret);
}

static struct str strong_part(struct str tag) {
    tag = str_trim_blanks(tag);
    return str_has_prefix(tag, STR("W/")) ? str_from(tag, 2) : tag;
}

bool scim_tag_matches(struct str header, struct str version) {
    struct str rest = header;
    while (rest.len > 0) {
        struct str tag;
        rest = str_split(rest, ',', &tag);
        if (str_eq(str_trim_blanks(tag), STR("*")) ||
            str_eq(strong_part(tag), strong_part(version))) {
            return true;
        }
    }
    return false;
}

/* What a transaction that changes one person carries along. */
struct pass {
    const struct scim_source *source;
    struct tx *tx;
    bool says_inactive; /* the request said so in words: then its answer waits, whatever was */
    struct str generation;
    struct scim_row row; /* as locked, then as written */
    struct state_change change;
    struct deactivation deactivation;
    bool is_new_person, is_deactivating, is_reactivated;
};

static struct state_change change_of(const struct scim_source *source, struct str user_id) {
    return (struct state_change){
        .org_id = source->org_id,
        .user_id = user_id,
        .actor = source->actor,
        .source = SOURCE_SCIM,
        .reason = STR(""),
        .request_id = source->request_id,
        .received_us = source->received_us,
    };
}

static result pass_begin(struct scope *scope, const struct scim_source *source, struct db *db,
                         bool says_inactive, struct pass *ret) {
    struct pass pass = {.source = source, .says_inactive = says_inactive};
    if (says_inactive) {
        TRY(db_generation(scope, db, &pass.generation));
    }
    TRY(tx_begin(scope, db, says_inactive ? LANE_REVOCATION : LANE_NORMAL, &pass.tx));
    *ret = pass;
    return OK_RESULT;
}

static void pass_end(struct pass *pass) {
    tx_end(&pass->tx);
}

/* The person's row is locked before anything is read that decides. */
static result pass_lock(struct scope *scope, struct pass *pass, struct str user_id) {
    struct user user;
    const result locked = user_find_locked(scope, pass->tx, pass->source->org_id, user_id, &user);
    if (locked.code == NOT_FOUND) {
        return FAIL(scope, NOT_FOUND, "scim.unknown");
    }
    pass->change = change_of(pass->source, user_id);
    return locked;
}

static result deactivate(struct scope *scope, struct pass *pass) {
    REQUIRE(scope, pass->says_inactive, INTERNAL, "scim.unheard");
    TRY(deactivation_begin(scope, pass->source->messaging, pass->tx, &pass->change,
                           &pass->deactivation));
    pass->is_deactivating = true;
    return OK_RESULT;
}

/* The directory lifts its own block. Another one stays, and with it the person stays out: the
 * answer shows them as they are, not as the directory wishes. */
static result reactivate(struct scope *scope, struct pass *pass) {
    const result done = user_reactivate_in(scope, pass->source->messaging, pass->tx, &pass->change);
    if (done.code == CONFLICT && str_eq(str_from_c(scope->reason), STR("user.blocked"))) {
        return OK_RESULT;
    }
    pass->is_reactivated = is_ok(done);
    return done;
}

/* First of all that is written: revocation.md rule 1. */
static result settle_state(struct scope *scope, struct pass *pass, bool wants_active) {
    const bool is_active = scim_record_is_active(&pass->row.user);
    if (!wants_active && (is_active || pass->says_inactive)) {
        return deactivate(scope, pass);
    }
    return wants_active && !is_active ? reactivate(scope, pass) : OK_RESULT;
}

static result write_audit(struct scope *scope, struct pass *pass, enum audit_action action,
                          const char *reason_code) {
    const struct audit audit = {
        .org_id = pass->source->org_id,
        .actor = pass->source->actor,
        .source = SOURCE_SCIM,
        .action = action,
        .subject_kind = SUBJECT_USER,
        .subject_id = pass->change.user_id,
        .reason_code = reason_code,
        .request_id = pass->source->request_id,
    };
    return audit_append(scope, pass->tx, &audit);
}

/* An edge of the state has its own event. */
static result write_event(struct scope *scope, struct pass *pass, const char *type) {
    int64_t seq = 0;
    if (pass->is_deactivating || pass->is_reactivated) {
        return OK_RESULT;
    }
    return event_write(scope, pass->tx, pass->source->actor, pass->source->org_id, str_from_c(type),
                       event_payload_user(scope, type, pass->change.user_id), &seq);
}

/* Ends the deactivation, shows what the answer will show, commits. */
static result pass_finish(struct scope *scope, struct pass *pass, struct scim_outcome *outcome) {
    const struct scim_source *source = pass->source;
    if (pass->is_deactivating) {
        TRY(deactivation_finish(scope, source->messaging, pass->tx, &pass->change,
                                &pass->deactivation));
    }
    TRY(scim_people_find(scope, source, tx_db(pass->tx), pass->row.id, &outcome->person));
    TRY(tx_commit(scope, pass->tx));
    if (pass->is_deactivating) {
        deactivation_revoked(scope, &pass->change, &pass->deactivation, pass->generation,
                             &outcome->revoked);
    }
    return OK_RESULT;
}

/* PUT: what is left out is cleared, but for `active`: to leave it out is no wish to let somebody
 * back in (PC3). */
static result replaced(struct scope *scope, const struct scim_source *source,
                       const struct scim_edit *edit, const struct scim_person *person,
                       struct json **ret) {
    const struct scim_rules rules = rules_of(source);
    struct json *next = NULL;
    TRY(scim_resource_read(scope, &rules, edit->body, &next));
    json_set(scope->arena, next, STR("id"), json_get(person->resource, STR("id")));
    *ret = next;
    return OK_RESULT;
}

static result patched(struct scope *scope, const struct scim_source *source,
                      const struct scim_edit *edit, const struct scim_person *person,
                      struct json **ret) {
    const struct scim_rules rules = rules_of(source);
    struct scim_patch patch;
    TRY(scim_patch_parse(scope, &rules, edit->body, &patch));
    return scim_patch_apply(scope, &rules, &patch, person->resource, ret);
}

static result next_resource(struct scope *scope, const struct scim_source *source,
                            const struct scim_edit *edit, const struct scim_person *person,
                            struct json **ret) {
    struct json *next = NULL;
    TRY(scim_names_check(scope, edit->body));
    TRY(edit->is_replacement ? replaced(scope, source, edit, person, &next)
                             : patched(scope, source, edit, person, &next));
    if (json_get(next, STR("active")) == NULL) {
        json_set(scope->arena, next, STR("active"), json_get(person->resource, STR("active")));
    }
    TRY(scim_resource_check(scope, &SCIM_USER_TYPE, next));
    TRY(scim_resource_check_immutable(scope, &SCIM_USER_TYPE, person->resource, next));
    *ret = next;
    return OK_RESULT;
}

/* The same but for the state, which is not the resource's own. */
static bool is_same(struct scope *scope, const struct json *a, const struct json *b) {
    struct json *left = json_clone(scope->arena, a);
    struct json *right = json_clone(scope->arena, b);
    json_remove(left, STR("active"));
    json_remove(right, STR("active"));
    return json_equals(left, right);
}

static result change_locked(struct scope *scope, struct pass *pass, const struct scim_edit *edit) {
    const struct scim_source *source = pass->source;
    struct scim_person person;
    struct json *next = NULL;
    TRY(scim_people_find(scope, source, tx_db(pass->tx), edit->id, &person));
    pass->row = person.row;
    REQUIRE(scope,
            edit->if_match.len == 0 ||
                scim_tag_matches(edit->if_match, scim_record_version(scope, &person)),
            CONFLICT, "scim.precondition");
    TRY(next_resource(scope, source, edit, &person, &next));
    TRY(settle_state(scope, pass, json_as_boolean(json_get(next, STR("active")))));
    if (is_same(scope, person.resource, next)) {
        return OK_RESULT;
    }
    TRY(scim_record_write(scope, source, pass->tx, &pass->row, next));
    TRY(write_audit(scope, pass, AUDIT_USER_CHANGED, NULL));
    return write_event(scope, pass, "user.changed");
}

static result run_change(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct scim_edit *edit, struct str user_id,
                         struct scim_outcome *outcome) {
    const bool says_inactive = scim_says_inactive(scope, &SCIM_USER_TYPE, edit->body);
    AUTO(pass_end) struct pass pass = {0};
    TRY(pass_begin(scope, source, db, says_inactive, &pass));
    TRY(pass_lock(scope, &pass, user_id));
    TRY(change_locked(scope, &pass, edit));
    return pass_finish(scope, &pass, outcome);
}

result scim_people_change(struct scope *scope, const struct scim_source *source, struct db *db,
                          const struct scim_edit *edit, struct scim_outcome *ret) {
    struct scim_row row;
    TRY(scim_user_store_find(scope, db, source->org_id, edit->id, &row));
    const result changed = run_change(scope, source, db, edit, row.user.id, ret);
    return is_ok(changed) ? changed : scim_people_refused(scope, source, db, edit, changed, ret);
}

/* Whom a new resource may mean (settled choice PC4). */
enum match_kind {
    MATCH_NOBODY,
    MATCH_ACTIVE,   /* somebody active, and nothing says that it is another person */
    MATCH_STRANGER, /* somebody active under the same name with another externalId */
    MATCH_INACTIVE, /* to be restored */
    MATCH_FORMER,   /* the name belonged to an inactive person with another externalId */
    MATCH_SEVERAL,  /* several inactive people with that externalId */
    MATCH_DELETED   /* the account kept behind a tombstone */
};

struct match {
    enum match_kind kind;
    struct str id; /* scim id of whom it found */
    struct str user_id;
};

static struct match match_row(enum match_kind kind, const struct scim_row *row) {
    return (struct match){kind, row->id, row->user.id};
}

static result match_external_id(struct scope *scope, const struct scim_source *source,
                                struct db *db, struct str external_id, struct match *ret) {
    const struct scim_search search = {BY_EXTERNAL_ID, source->connection_id, external_id};
    struct scim_row_list list;
    TRY(scim_user_store_search(scope, db, source->org_id, &search,
                               (struct scim_row_range){.limit = MOST_MATCHES}, &list));
    *ret = (struct match){.kind = MATCH_NOBODY};
    for (size_t i = 0; i < list.count; i++) {
        if (scim_record_is_active(&list.rows[i].user)) {
            *ret = match_row(MATCH_ACTIVE, &list.rows[i]);
            return OK_RESULT;
        }
    }
    if (list.count > 0) {
        *ret = match_row(list.count == 1 ? MATCH_INACTIVE : MATCH_SEVERAL, &list.rows[0]);
    }
    return OK_RESULT;
}

/* A reused name may be another person: only their externalIds can tell. */
static result match_user_name(struct scope *scope, const struct scim_source *source, struct db *db,
                              const struct json *resource, struct match *ret) {
    const struct scim_search search = {
        BY_USER_NAME, scim_key(scope, text_of(resource, STR("userName"))), {"", 0}};
    const struct str external_id = text_of(resource, STR("externalId"));
    struct scim_row_list list;
    TRY(scim_user_store_search(scope, db, source->org_id, &search,
                               (struct scim_row_range){.limit = 1}, &list));
    *ret = (struct match){.kind = MATCH_NOBODY};
    if (list.count == 0) {
        return OK_RESULT;
    }
    const struct scim_row *row = &list.rows[0];
    const bool is_own = str_eq(row->connection_id, source->connection_id);
    const bool is_other = is_own && external_id.len > 0 && row->external_id.len > 0 &&
                          !str_eq(row->external_id, external_id);
    if (scim_record_is_active(&row->user)) {
        *ret = match_row(is_other ? MATCH_STRANGER : MATCH_ACTIVE, row);
        return OK_RESULT;
    }
    *ret = match_row(is_other ? MATCH_FORMER : MATCH_INACTIVE, row);
    return OK_RESULT;
}

static result find_match(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct json *resource, struct match *ret) {
    const struct str external_id = text_of(resource, STR("externalId"));
    struct match match = {.kind = MATCH_NOBODY};
    if (external_id.len > 0) {
        TRY(match_external_id(scope, source, db, external_id, &match));
    }
    if (match.kind == MATCH_NOBODY) {
        TRY(match_user_name(scope, source, db, resource, &match));
    }
    if (match.kind == MATCH_NOBODY && external_id.len > 0) {
        TRY(scim_user_store_find_deleted(scope, db, source->org_id, source->connection_id,
                                         external_id, &match.user_id));
        match.kind = match.user_id.len > 0 ? MATCH_DELETED : MATCH_NOBODY;
    }
    *ret = match;
    return OK_RESULT;
}

static result insert_person(struct scope *scope, struct pass *pass, const struct json *resource) {
    const struct scim_source *source = pass->source;
    const struct user_profile profile = scim_record_profile(scope, resource);
    struct user user;
    TRY(user_create(scope, pass->tx, source->org_id, &profile, ROLE_MEMBER, true, &user));
    pass->change = change_of(source, user.id);
    pass->row = (struct scim_row){.user = user, .id = user.id, .created_us = user.created_us};
    pass->is_new_person = true;
    TRY(write_audit(scope, pass, AUDIT_USER_CREATED, NULL));
    return OK_RESULT;
}

/* The account of who was deleted by this directory comes back under a new id. What they held is
 * gone: credentials with the deactivation, the role with the tombstone. */
static result attach_person(struct scope *scope, struct pass *pass, struct str user_id) {
    TRY(pass_lock(scope, pass, user_id));
    struct user user;
    TRY(user_find(scope, tx_db(pass->tx), pass->source->org_id, user_id, &user));
    pass->row = (struct scim_row){
        .user = user, .id = uuid_v7(scope), .created_us = clock_now_us(scope->env->clock)};
    return write_audit(scope, pass, AUDIT_USER_LINKED, NULL);
}

static result lock_inactive(struct scope *scope, struct pass *pass, const struct match *match) {
    TRY(pass_lock(scope, pass, match->user_id));
    TRY(scim_user_store_find(scope, tx_db(pass->tx), pass->source->org_id, match->id, &pass->row));
    REQUIRE(scope, !scim_record_is_active(&pass->row.user), CONFLICT, "scim.exists");
    return write_audit(scope, pass, AUDIT_USER_CHANGED, "scim.restored");
}

static result take_person(struct scope *scope, struct pass *pass, const struct match *match,
                          const struct json *resource, struct scim_outcome *outcome) {
    const bool restores = pass->source->profile->restores_inactive;
    switch (match->kind) {
    case MATCH_NOBODY: return insert_person(scope, pass, resource);
    case MATCH_DELETED: return attach_person(scope, pass, match->user_id);
    case MATCH_INACTIVE:
        return restores ? lock_inactive(scope, pass, match) : FAIL(scope, CONFLICT, "scim.exists");
    case MATCH_ACTIVE:
    case MATCH_STRANGER: return FAIL(scope, CONFLICT, "scim.exists");
    case MATCH_FORMER:
        outcome->inactive_id = match->id;
        return FAIL(scope, CONFLICT, "scim.other_person");
    case MATCH_SEVERAL: return FAIL(scope, CONFLICT, "scim.ambiguous");
    }
    assert(false);
    return FAIL(scope, INTERNAL, "scim.unheard");
}

static result read_new(struct scope *scope, const struct scim_source *source,
                       const struct json *body, struct json **ret) {
    const struct scim_rules rules = rules_of(source);
    struct json *resource = NULL;
    TRY(scim_names_check(scope, body));
    TRY(scim_resource_read(scope, &rules, body, &resource));
    TRY(scim_resource_check(scope, &SCIM_USER_TYPE, resource));
    if (json_get(resource, STR("active")) == NULL) {
        json_set(scope->arena, resource, STR("active"), json_new_boolean(scope->arena, true));
    }
    *ret = resource;
    return OK_RESULT;
}

static result run_create(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct json *body, struct scim_outcome *outcome) {
    struct json *resource = NULL;
    struct match match;
    TRY(read_new(scope, source, body, &resource));
    AUTO(pass_end) struct pass pass = {0};
    TRY(pass_begin(scope, source, db, scim_says_inactive(scope, &SCIM_USER_TYPE, body), &pass));
    TRY(find_match(scope, source, tx_db(pass.tx), resource, &match));
    TRY(take_person(scope, &pass, &match, resource, outcome));
    TRY(settle_state(scope, &pass, json_as_boolean(json_get(resource, STR("active")))));
    TRY(pass.is_new_person ? scim_record_write_first(scope, source, pass.tx, &pass.row, resource)
                           : scim_record_write(scope, source, pass.tx, &pass.row, resource));
    TRY(write_event(scope, &pass, match.kind == MATCH_NOBODY ? "user.created" : "user.changed"));
    return pass_finish(scope, &pass, outcome);
}

result scim_people_create(struct scope *scope, const struct scim_source *source, struct db *db,
                          const struct json *body, struct scim_outcome *ret) {
    const struct scim_edit edit = {.body = body};
    const result created = run_create(scope, source, db, body, ret);
    return is_ok(created) ? created : scim_people_refused(scope, source, db, &edit, created, ret);
}

static result bury_locked(struct scope *scope, struct pass *pass, const struct scim_edit *edit) {
    const struct scim_source *source = pass->source;
    struct scim_person person;
    TRY(scim_people_find(scope, source, tx_db(pass->tx), edit->id, &person));
    pass->row = person.row;
    REQUIRE(scope,
            edit->if_match.len == 0 ||
                scim_tag_matches(edit->if_match, scim_record_version(scope, &person)),
            CONFLICT, "scim.precondition");
    TRY(deactivate(scope, pass));
    if (!pass->row.is_stored) {
        TRY(scim_record_write(scope, source, pass->tx, &pass->row, person.resource));
    }
    TRY(scim_user_store_bury(scope, pass->tx, &pass->row, clock_now_us(scope->env->clock)));
    TRY(scim_member_store_leave(scope, pass->tx, source->org_id, pass->row.id,
                                clock_now_us(scope->env->clock)));
    TRY(user_release_name(scope, pass->tx, source->org_id, pass->row.user.id));
    return write_audit(scope, pass, AUDIT_USER_CHANGED, "scim.deleted");
}

result scim_people_delete(struct scope *scope, const struct scim_source *source, struct db *db,
                          const struct scim_edit *edit, struct scim_outcome *ret) {
    struct scim_row row;
    TRY(scim_user_store_find(scope, db, source->org_id, edit->id, &row));
    AUTO(pass_end) struct pass pass = {0};
    TRY(pass_begin(scope, source, db, true, &pass));
    TRY(pass_lock(scope, &pass, row.user.id));
    TRY(bury_locked(scope, &pass, edit));
    TRY(deactivation_finish(scope, source->messaging, pass.tx, &pass.change, &pass.deactivation));
    TRY(tx_commit(scope, pass.tx));
    deactivation_revoked(scope, &pass.change, &pass.deactivation, pass.generation, &ret->revoked);
    return OK_RESULT;
}

static bool is_refusal(result failure) {
    switch (failure.code) {
    case INVALID:
    case FORBIDDEN:
    case NOT_FOUND:
    case CONFLICT:
    case TOO_LARGE:
    case INTERNAL: return true;
    case OK:
    case UNAUTHENTICATED:
    case THROTTLED:
    case UNAVAILABLE:
    case CODE_COUNT: return false;
    }
    return false;
}

/* Whom a refused POST means: by what can be read of it. Empty: nobody for certain. */
static result target_of_body(struct scope *scope, const struct scim_source *source, struct db *db,
                             const struct json *body, struct str *ret_user_id) {
    static const struct str NAMES[] = {STR_INIT("userName"), STR_INIT("externalId")};
    struct json *keys = json_new_object(scope->arena);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        const struct json *value = scim_member(body, NAMES[i]);
        if (json_is_string(value)) {
            json_set(scope->arena, keys, NAMES[i], value);
        }
    }
    struct match match = {.kind = MATCH_NOBODY};
    TRY(find_match(scope, source, db, keys, &match));
    *ret_user_id = match.kind == MATCH_ACTIVE ? match.user_id : STR("");
    return OK_RESULT;
}

static result target_of(struct scope *scope, const struct scim_source *source, struct db *db,
                        const struct scim_edit *edit, struct str *ret_user_id) {
    if (edit->id.len == 0) {
        return target_of_body(scope, source, db, edit->body, ret_user_id);
    }
    struct scim_row row;
    TRY(scim_user_store_find(scope, db, source->org_id, edit->id, &row));
    *ret_user_id = row.user.id;
    return OK_RESULT;
}

static result deactivate_target(struct scope *scope, const struct scim_source *source,
                                struct db *db, const struct scim_edit *edit,
                                struct scim_outcome *outcome) {
    struct str user_id = STR("");
    TRY(target_of(scope, source, db, edit, &user_id));
    if (user_id.len == 0) {
        return OK_RESULT;
    }
    const struct state_change change = change_of(source, user_id);
    TRY(user_deactivate(scope, source->messaging, db, &change, &outcome->revoked));
    outcome->is_only_deactivated = true;
    return OK_RESULT;
}

/* Only the safe direction, only where the whole request was refused and rolled back. When nobody
 * can say whether it was carried out, the call has to be made again. */
result scim_people_refused(struct scope *scope, const struct scim_source *source, struct db *db,
                           const struct scim_edit *edit, result failure, struct scim_outcome *ret) {
    const char *reason = scope->reason;
    if (!source->profile->deactivates_refused || !is_refusal(failure) ||
        !scim_says_inactive(scope, &SCIM_USER_TYPE, edit->body)) {
        return failure;
    }
    const result done = deactivate_target(scope, source, db, edit, ret);
    if (done.code == UNAVAILABLE) {
        return done;
    }
    scope->reason = reason;
    return failure;
}
