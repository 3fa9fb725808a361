#include "provisioning/scim/scim_record.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/fold.h"
#include "base/url.h"
#include "provisioning/scim/scim_match.h"

bool scim_record_is_active(const struct user *user) {
    return user->state == USER_ACTIVE || user->state == USER_INVITED;
}

static void set_text(struct scope *scope, struct json *object, struct str name, struct str text) {
    json_remove(object, name);
    if (text.len > 0) {
        json_set(scope->arena, object, name, json_new_string(scope->arena, text));
    }
}

/* Nobody has written to this person through a directory yet. */
static struct json *resource_of_user(struct scope *scope, const struct user *user) {
    struct arena *arena = scope->arena;
    struct json *resource = json_new_object(arena);
    set_text(scope, resource, STR("displayName"), user->display_name);
    if (user->email.len > 0) {
        struct json *email = json_new_object(arena);
        struct json *emails = json_new_array(arena);
        set_text(scope, email, STR("value"), user->email);
        set_text(scope, email, STR("type"), STR("work"));
        json_set(arena, email, STR("primary"), json_new_boolean(arena, true));
        json_append(arena, emails, email);
        json_set(arena, resource, STR("emails"), emails);
    }
    return resource;
}

result scim_record_read(struct scope *scope, const struct scim_source *source,
                        const struct scim_row *row, struct scim_person *ret) {
    struct scim_person person = {.row = *row};
    if (row->is_stored) {
        const struct json *stored = NULL;
        REQUIRE(scope, is_ok(json_read(scope, row->attributes, &stored)) && json_is_object(stored),
                INTERNAL, "scim.stored");
        person.resource = json_clone(scope->arena, stored);
    } else {
        person.resource = resource_of_user(scope, &row->user);
    }
    const bool is_own = str_eq(row->connection_id, source->connection_id);
    set_text(scope, person.resource, STR("id"), row->id);
    set_text(scope, person.resource, STR("userName"), row->user.user_name);
    set_text(scope, person.resource, STR("externalId"), is_own ? row->external_id : STR(""));
    json_set(scope->arena, person.resource, STR("active"),
             json_new_boolean(scope->arena, scim_record_is_active(&row->user)));
    *ret = person;
    return OK_RESULT;
}

struct str scim_record_version(struct scope *scope, const struct scim_person *person) {
    return str_format(scope->arena, "W/\"%lld.%lld\"", (long long) person->row.version,
                      (long long) person->row.user.epoch);
}

struct str scim_record_location(struct scope *scope, const struct scim_source *source,
                                const struct scim_person *person) {
    return str_format(scope->arena, "%.*s/Users/%.*s", STR_ARG(source->base_url),
                      STR_ARG(person->row.id));
}

struct json *scim_record_show(struct scope *scope, const struct scim_source *source,
                              const struct scim_person *person) {
    const struct scim_row *row = &person->row;
    const struct scim_meta meta = {
        .location = scim_record_location(scope, source, person),
        .version = scim_record_version(scope, person),
        .created_us = row->created_us,
        .changed_us =
            row->changed_us > row->user.changed_us ? row->changed_us : row->user.changed_us,
    };
    return scim_resource_show(scope, &SCIM_USER_TYPE, person->resource, &meta);
}

static struct str text_of(const struct json *object, struct str name) {
    return json_as_string(json_get(object, name));
}

static bool fits_line(struct scope *scope, struct str text) {
    struct str key;
    return text.len > 0 && text.len <= USER_NAME_MAX_BYTES && !str_has_control(text) &&
           is_ok(fold_key(scope, text, &key));
}

static struct str display_name(struct scope *scope, const struct json *resource) {
    const struct json *name = json_get(resource, STR("name"));
    const struct str given = text_of(name, STR("givenName"));
    const struct str family = text_of(name, STR("familyName"));
    const struct str both =
        given.len > 0 && family.len > 0
            ? str_format(scope->arena, "%.*s %.*s", STR_ARG(given), STR_ARG(family))
            : STR("");
    const struct str candidates[] = {text_of(resource, STR("displayName")),
                                     text_of(name, STR("formatted")), both, given, family};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        if (fits_line(scope, candidates[i])) {
            return candidates[i];
        }
    }
    return STR("");
}

static bool fits_email(struct scope *scope, struct str text) {
    struct str domain;
    struct str key;
    return text.len > 0 && text.len <= USER_EMAIL_MAX_BYTES &&
           is_ok(email_domain(scope, text, &domain)) && is_ok(fold_key(scope, text, &key));
}

/* The primary address, else the first that is one. */
static struct str email(struct scope *scope, const struct json *resource) {
    const struct json *emails = json_get(resource, STR("emails"));
    struct str first = STR("");
    for (size_t i = 0; i < json_count(emails); i++) {
        const struct json *one = json_at(emails, i);
        const struct str value = text_of(one, STR("value"));
        if (!fits_email(scope, value)) {
            continue;
        }
        if (json_as_boolean(json_get(one, STR("primary")))) {
            return value;
        }
        first = first.len > 0 ? first : value;
    }
    return first;
}

struct user_profile scim_record_profile(struct scope *scope, const struct json *resource) {
    const char *reason = scope->reason;
    const struct str external_id = text_of(resource, STR("externalId"));
    const struct user_profile profile = {
        .user_name = text_of(resource, STR("userName")),
        .display_name = display_name(scope, resource),
        .email = email(scope, resource),
        .external_id = fits_line(scope, external_id) ? external_id : STR(""),
    };
    scope->reason = reason;
    return profile;
}

static struct str indexed_key(struct scope *scope, struct str text) {
    const struct str key = scim_key(scope, text);
    return key.len <= SCIM_KEY_MAX_BYTES ? key : STR("");
}

static result write_emails(struct scope *scope, struct tx *tx, const struct scim_row *row,
                           const struct json *emails) {
    size_t count = 0;
    struct scim_email_key *keys =
        NEW_ARRAY(scope->arena, json_count(emails), struct scim_email_key);
    for (size_t i = 0; i < json_count(emails); i++) {
        const struct json *one = json_at(emails, i);
        const struct str value_key = indexed_key(scope, text_of(one, STR("value")));
        if (value_key.len > 0) {
            keys[count++] =
                (struct scim_email_key){value_key, indexed_key(scope, text_of(one, STR("type")))};
        }
    }
    return scim_user_store_set_emails(scope, tx, row, keys, count);
}

/* What stands in columns is not stored twice. */
static struct str stored_text(struct scope *scope, const struct json *resource) {
    struct json *stored = json_clone(scope->arena, resource);
    json_remove(stored, STR("id"));
    json_remove(stored, STR("userName"));
    json_remove(stored, STR("externalId"));
    json_remove(stored, STR("active"));
    return json_write(scope->arena, stored);
}

/* An externalId belongs to the connection that set it; another one's writes leave it alone. */
static void set_external_id(const struct scim_source *source, const struct json *resource,
                            struct scim_row *row) {
    const struct str external_id = text_of(resource, STR("externalId"));
    const bool is_own = !row->is_stored || str_eq(row->connection_id, source->connection_id);
    if (is_own || external_id.len > 0) {
        row->connection_id = source->connection_id;
        row->external_id = external_id;
    }
}

static result write_row(struct scope *scope, const struct scim_source *source, struct tx *tx,
                        struct scim_row *row, const struct json *resource) {
    set_external_id(source, resource, row);
    row->attributes = stored_text(scope, resource);
    row->display_key = indexed_key(scope, text_of(resource, STR("displayName")));
    row->version++;
    TRY(row->is_stored ? scim_user_store_update(scope, tx, row)
                       : scim_user_store_insert(scope, tx, row));
    row->is_stored = true;
    return write_emails(scope, tx, row, json_get(resource, STR("emails")));
}

result scim_record_write(struct scope *scope, const struct scim_source *source, struct tx *tx,
                         struct scim_row *row, const struct json *resource) {
    const struct user_profile profile = scim_record_profile(scope, resource);
    TRY(user_update_profile(scope, tx, row->user.org_id, row->user.id, &profile));
    row->changed_us = clock_now_us(scope->env->clock);
    return write_row(scope, source, tx, row, resource);
}

/* RFC 7643 section 3.1: what was never modified was last modified when it was created. */
result scim_record_write_first(struct scope *scope, const struct scim_source *source, struct tx *tx,
                               struct scim_row *row, const struct json *resource) {
    row->changed_us = row->created_us;
    return write_row(scope, source, tx, row, resource);
}
