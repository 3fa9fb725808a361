#include "tests/provisioning/teams.h"

#include <stdio.h>

const char *text_of(const struct desk *desk, const char *format, ...) {
    struct arena *arena = desk->d->fixture.scope.arena;
    va_list copy;
    va_list values;
    va_start(values, format);
    va_copy(copy, values);
    const int length = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    assert_true(length >= 0);
    char *text = arena_alloc(arena, (size_t) length + 1);
    (void) vsnprintf(text, (size_t) length + 1, format, values);
    va_end(values);
    return text;
}

static const char *c_text(const struct desk *desk, struct str text) {
    return text_of(desk, "%.*s", STR_ARG(text));
}

struct reply team_post(const struct desk *desk, const char *body) {
    return ask(desk, scim_group_create_http, (struct request_text){.body = body});
}

struct reply team_put(const struct desk *desk, struct str id, const char *body) {
    return ask(desk, scim_group_replace_http,
               (struct request_text){.id = c_text(desk, id), .body = body});
}

struct reply team_patch(const struct desk *desk, struct str id, const char *body) {
    return ask(desk, scim_group_patch_http,
               (struct request_text){.id = c_text(desk, id), .body = body});
}

struct reply team_get(const struct desk *desk, struct str id, const char *query) {
    return ask(desk, scim_group_get_http,
               (struct request_text){.id = c_text(desk, id), .query = query});
}

struct reply team_list(const struct desk *desk, const char *query) {
    return ask(desk, scim_group_list, (struct request_text){.query = query});
}

struct reply team_drop(const struct desk *desk, struct str id) {
    return ask(desk, scim_group_delete_http, (struct request_text){.id = c_text(desk, id)});
}

struct str founded(const struct desk *desk, const char *name) {
    const struct reply reply =
        team_post(desk, text_of(desk, NEW_GROUP("\"displayName\":\"%s\""), name));
    assert_status(reply, 201);
    return text_at(&reply, "id");
}

struct reply change_members(const struct desk *desk, struct str id, const char *kind,
                            const char *rest) {
    return team_patch(
        desk, id, text_of(desk, OPERATIONS("[{\"op\":\"%s\",\"path\":\"members%s}]"), kind, rest));
}

void join(const struct desk *desk, struct str group, struct str member) {
    const struct reply reply = change_members(
        desk, group, "add", text_of(desk, "\",\"value\":[{\"value\":\"%.*s\"}]", STR_ARG(member)));
    assert_status(reply, 204);
}

bool is_in(const struct desk *desk, struct str group, struct str member) {
    const struct reply reply = team_get(desk, group, "");
    assert_status(reply, 200);
    const struct json *members = at(reply.json, "members", NULL);
    for (size_t i = 0; i < json_count(members); i++) {
        if (str_eq(json_as_string(at(json_at(members, i), "value", NULL)), member)) {
            return true;
        }
    }
    return false;
}

int64_t size_of(const struct desk *desk, struct str group) {
    return number_of(desk->d,
                     "SELECT count(*) FROM scim_group_member WHERE org_id = $1 AND group_id = $2",
                     desk->actor.org_id, group);
}

int64_t version_of(const struct desk *desk, struct str group) {
    return number_of(desk->d, "SELECT version FROM scim_group WHERE org_id = $1 AND id = $2",
                     desk->actor.org_id, group);
}

void given_crowd(const struct desk *desk, int64_t count) {
    static const struct statement CROWD = {
        "test.crowd", TENANT,
        "INSERT INTO org_user (org_id, id, user_name, name_key, display_name, display_key, state, "
        "role, is_directory_managed, epoch, revoked_seq, created_us, changed_us, seen_us) "
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) "
        "SELECT $1, 'crowd-' || i, 'crowd' || i, 'crowd' || i, '', '', 'active', 'member', 0, 1, "
        "0, 1, 1, 0 FROM n",
        NULL};
    given_row(desk->d, &CROWD, VALUES(value_text(desk->actor.org_id), value_number(count)));
}

const char *crowd_members(const struct desk *desk, int64_t count) {
    struct json_out out = json_out_begin(desk->d->fixture.scope.arena);
    json_out_open_array(&out);
    for (int64_t i = 1; i <= count; i++) {
        char id[32];
        (void) snprintf(id, sizeof id, "crowd-%lld", (long long) i);
        json_out_open_object(&out);
        json_out_member(&out, "value", str_from_c(id));
        json_out_close_object(&out);
    }
    json_out_close_array(&out);
    return c_text(desk, json_out_end(&out));
}
