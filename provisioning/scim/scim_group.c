#include "provisioning/scim/scim_group.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "messaging/audit.h"
#include "provisioning/scim/scim_match.h"
#include "provisioning/scim/scim_member.h"
#include "provisioning/scim/scim_patch.h"

enum { NAME_MAX_BYTES = 256 };

static struct str text_of(const struct json *object, struct str name) {
    return json_as_string(json_get(object, name));
}

static void set_text(struct scope *scope, struct json *object, struct str name, struct str text) {
    if (text.len > 0) {
        json_set(scope->arena, object, name, json_new_string(scope->arena, text));
    }
}

/* The resource without members: id, displayName, externalId if it is the asking connection's, and
 * what has no column. */
static result resource_of(struct scope *scope, const struct scim_source *source,
                          const struct scim_group *group, struct json **ret) {
    const struct json *stored = NULL;
    REQUIRE(scope, is_ok(json_read(scope, group->attributes, &stored)) && json_is_object(stored),
            INTERNAL, "scim.stored");
    struct json *resource = json_clone(scope->arena, stored);
    const bool is_own = str_eq(group->connection_id, source->connection_id);
    set_text(scope, resource, STR("id"), group->id);
    set_text(scope, resource, STR("displayName"), group->display_name);
    set_text(scope, resource, STR("externalId"), is_own ? group->external_id : STR(""));
    *ret = resource;
    return OK_RESULT;
}

/* An externalId belongs to the connection that set it; another one's writes leave it alone. */
static result take_over(struct scope *scope, const struct scim_source *source,
                        const struct json *resource, struct scim_group *group) {
    const struct str external_id = text_of(resource, STR("externalId"));
    const bool is_own = str_eq(group->connection_id, source->connection_id);
    if (is_own || external_id.len > 0) {
        group->connection_id = source->connection_id;
        group->external_id = external_id;
    }
    struct json *rest = json_clone(scope->arena, resource);
    json_remove(rest, STR("id"));
    json_remove(rest, STR("displayName"));
    json_remove(rest, STR("externalId"));
    group->attributes = json_write(scope->arena, rest);
    group->display_name = text_of(resource, STR("displayName"));
    group->display_key = scim_key(scope, group->display_name);
    const bool fits = group->display_name.len <= NAME_MAX_BYTES &&
                      group->display_key.len <= 2 * NAME_MAX_BYTES &&
                      !str_has_control(group->display_name);
    REQUIRE(scope, fits, INVALID, "scim.value");
    return OK_RESULT;
}

struct str scim_group_version(struct scope *scope, const struct scim_group *group) {
    return str_format(scope->arena, "W/\"%lld\"", (long long) group->version);
}

struct str scim_group_location(struct scope *scope, const struct scim_source *source,
                               const struct scim_group *group) {
    return str_format(scope->arena, "%.*s/Groups/%.*s", STR_ARG(source->base_url),
                      STR_ARG(group->id));
}

result scim_group_show(struct scope *scope, const struct scim_source *source,
                       const struct scim_group *group, const struct json **ret) {
    const struct scim_meta meta = {
        .location = scim_group_location(scope, source, group),
        .version = scim_group_version(scope, group),
        .created_us = group->created_us,
        .changed_us = group->changed_us,
    };
    struct json *resource = NULL;
    TRY(resource_of(scope, source, group, &resource));
    *ret = scim_resource_show(scope, &SCIM_GROUP_TYPE, resource, &meta);
    return OK_RESULT;
}

result scim_group_write(struct scope *scope, const struct scim_source *source, struct db *db,
                        const struct scim_projection *projection, const struct json *shown,
                        struct json_out *out, int64_t *budget) {
    const struct scim_member_view view = scim_member_view_of(projection);
    const struct str id = text_of(shown, STR("id"));
    const struct json *kept = scim_project(scope, &SCIM_GROUP_TYPE, projection, shown);
    json_out_open_object(out);
    for (size_t i = 0; i < json_count(kept); i++) {
        const struct json_member member = json_member_at(kept, i);
        const char *name = NULL;
        if (str_eq(member.name, SCIM_MEMBERS->name)) {
            continue; /* those that a filter was held against */
        }
        TRY(str_to_c(scope, member.name, &name));
        json_out_name(out, name);
        json_out_value(out, member.value);
    }
    TRY(scim_member_write(scope, source, db, id, &view, out, budget));
    json_out_close_object(out);
    return OK_RESULT;
}

result scim_group_find(struct scope *scope, const struct scim_source *source, struct db *db,
                       struct str id, struct scim_group *ret) {
    return scim_group_store_find(scope, db, source->org_id, id, ret);
}

static result begin(struct scope *scope, const struct scim_source *source, struct db *db,
                    struct tx **ret) {
    TRY(tx_begin(scope, db, LANE_NORMAL, ret));
    return user_guard_actor(scope, *ret, source->actor);
}

static result write_audit(struct scope *scope, const struct scim_source *source, struct tx *tx,
                          enum audit_action action, struct str group_id) {
    const struct audit audit = {
        .org_id = source->org_id,
        .actor = source->actor,
        .source = SOURCE_SCIM,
        .action = action,
        .subject_kind = SUBJECT_GROUP,
        .subject_id = group_id,
        .request_id = source->request_id,
    };
    return audit_append(scope, tx, &audit);
}

static result apply_members(struct scope *scope, const struct scim_source *source, struct tx *tx,
                            const struct scim_group *group, const struct scim_row_changes *changes,
                            bool is_replacement, bool *ret_has_changed) {
    const struct scim_member_change change = {
        .group_id = group->id,
        .changes = changes,
        .is_replacement = is_replacement,
        .now_us = clock_now_us(scope->env->clock),
    };
    return scim_member_apply(scope, source, tx, &change, ret_has_changed);
}

result scim_group_create(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct json *body, struct scim_group *ret) {
    struct scim_row_changes changes = {0};
    const struct scim_rules rules = {&SCIM_GROUP_TYPE, source->profile, &changes};
    struct json *resource = NULL;
    bool has_members = false;
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct scim_group group = {.org_id = source->org_id,
                               .id = uuid_v7(scope),
                               .connection_id = source->connection_id,
                               .version = 1,
                               .created_us = now_us,
                               .changed_us = now_us};
    TRY(scim_names_check(scope, body));
    TRY(scim_resource_read(scope, &rules, body, &resource));
    TRY(scim_resource_check(scope, &SCIM_GROUP_TYPE, resource));
    TRY(take_over(scope, source, resource, &group));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(begin(scope, source, db, &tx));
    TRY(scim_group_store_insert(scope, tx, &group));
    TRY(apply_members(scope, source, tx, &group, &changes, false, &has_members));
    TRY(write_audit(scope, source, tx, AUDIT_GROUP_CREATED, group.id));
    TRY(tx_commit(scope, tx));
    *ret = group;
    return OK_RESULT;
}

/* The next state of the resource; what is said of members goes to rules->rows. */
static result next_resource(struct scope *scope, const struct scim_rules *rules,
                            const struct scim_edit *edit, const struct json *resource,
                            struct json **ret) {
    struct json *next = NULL;
    TRY(scim_names_check(scope, edit->body));
    if (edit->is_replacement) {
        TRY(scim_resource_read(scope, rules, edit->body, &next));
        json_set(scope->arena, next, STR("id"), json_get(resource, STR("id")));
    } else {
        struct scim_patch patch;
        TRY(scim_patch_parse(scope, rules, edit->body, &patch));
        TRY(scim_patch_apply(scope, rules, &patch, resource, &next));
    }
    TRY(scim_resource_check(scope, rules->type, next));
    *ret = next;
    return OK_RESULT;
}

static result lock(struct scope *scope, const struct scim_source *source, struct tx *tx,
                   const struct scim_edit *edit, struct scim_group *ret) {
    TRY(scim_group_store_lock(scope, tx, source->org_id, edit->id, ret));
    REQUIRE(scope,
            edit->if_match.len == 0 ||
                scim_tag_matches(edit->if_match, scim_group_version(scope, ret)),
            CONFLICT, "scim.precondition");
    return OK_RESULT;
}

static result change_locked(struct scope *scope, const struct scim_source *source, struct tx *tx,
                            const struct scim_edit *edit, struct scim_group *group) {
    struct scim_row_changes changes = {0};
    const struct scim_rules rules = {&SCIM_GROUP_TYPE, source->profile, &changes};
    struct json *resource = NULL;
    struct json *next = NULL;
    bool has_changed = false;
    TRY(resource_of(scope, source, group, &resource));
    TRY(next_resource(scope, &rules, edit, resource, &next));
    TRY(apply_members(scope, source, tx, group, &changes, edit->is_replacement, &has_changed));
    if (!has_changed && json_equals(resource, next)) {
        return OK_RESULT;
    }
    TRY(take_over(scope, source, next, group));
    group->version++;
    group->changed_us = clock_now_us(scope->env->clock);
    TRY(scim_group_store_update(scope, tx, group));
    return write_audit(scope, source, tx, AUDIT_GROUP_CHANGED, group->id);
}

result scim_group_change(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct scim_edit *edit, struct scim_group *ret) {
    struct scim_group group;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(begin(scope, source, db, &tx));
    TRY(lock(scope, source, tx, edit, &group));
    TRY(change_locked(scope, source, tx, edit, &group));
    TRY(tx_commit(scope, tx));
    *ret = group;
    return OK_RESULT;
}

result scim_group_delete(struct scope *scope, const struct scim_source *source, struct db *db,
                         const struct scim_edit *edit) {
    struct scim_group group;
    int64_t removed = 0;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(begin(scope, source, db, &tx));
    TRY(lock(scope, source, tx, edit, &group));
    TRY(scim_member_store_clear(scope, tx, source->org_id, group.id, &removed));
    TRY(scim_member_store_leave(scope, tx, source->org_id, group.id,
                                clock_now_us(scope->env->clock)));
    TRY(scim_group_store_delete(scope, tx, source->org_id, group.id));
    TRY(write_audit(scope, source, tx, AUDIT_GROUP_DELETED, group.id));
    return tx_commit(scope, tx);
}
