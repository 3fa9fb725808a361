#include "messaging/org.h"

#include <assert.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/event_log.h"
#include "base/random.h"
#include "messaging/audit.h"
#include "messaging/conversation.h"
#include "messaging/org_store.h"

static const char *const STATES[] = {
    [ORG_ACTIVE] = "active",   [ORG_SUSPENDED] = "suspended", [ORG_CLOSING] = "closing",
    [ORG_ERASING] = "erasing", [ORG_ERASED] = "erased",
};

static_assert(sizeof STATES / sizeof STATES[0] == ORG_STATE_COUNT, "every state has a name");

const char *org_state_name(enum org_state state) {
    assert(state < ORG_STATE_COUNT);
    return STATES[state];
}

result org_state_parse(struct scope *scope, struct str text, enum org_state *ret) {
    for (size_t i = 0; i < ORG_STATE_COUNT; i++) {
        if (str_eq(text, str_from_c(STATES[i]))) {
            *ret = (enum org_state) i;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "org.state");
}

static bool is_slug_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

/* A label as in host names: it is part of addresses. */
static bool is_slug(struct str text) {
    if (text.len == 0 || text.len > ORG_SLUG_MAX_BYTES) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const bool is_edge = i == 0 || i == text.len - 1;
        if (!is_slug_byte(text.at[i]) && (is_edge || text.at[i] != '-')) {
            return false;
        }
    }
    return true;
}

static bool is_line(struct str text, size_t limit) {
    return text.len <= limit && str_is_utf8(text) && !str_has_control(text);
}

static result check_name(struct scope *scope, struct str name) {
    REQUIRE(scope, is_line(name, ORG_NAME_MAX_BYTES) && str_trim_blanks(name).len > 0, INVALID,
            "org.name");
    return OK_RESULT;
}

static result check_dpa(struct scope *scope, const struct dpa *dpa) {
    REQUIRE(scope,
            is_line(dpa->version, DPA_TEXT_MAX_BYTES) && is_line(dpa->language, DPA_TEXT_MAX_BYTES),
            INVALID, "org.dpa");
    REQUIRE(scope,
            is_line(dpa->signer_name, DPA_TEXT_MAX_BYTES) &&
                is_line(dpa->legal_name, DPA_TEXT_MAX_BYTES),
            INVALID, "org.dpa");
    return OK_RESULT;
}

static result route_slug(struct scope *scope, struct tx *tx, const struct org *org) {
    const result routed = lookup_insert(scope, tx, LOOKUP_SLUG, org->slug, org->id, org->id);
    if (routed.code == CONFLICT) {
        return FAIL(scope, CONFLICT, "org.slug_taken");
    }
    return routed;
}

static result note(struct scope *scope, struct tx *tx, const struct new_org *input,
                   const struct user *creator, enum audit_action action) {
    const struct actor self = {
        .kind = ACTOR_USER, .org_id = creator->org_id, .id = creator->id, .role = creator->role};
    const bool is_user = action == AUDIT_USER_CREATED;
    const struct audit audit = {
        .org_id = creator->org_id,
        .actor = input->actor == NULL ? &self : input->actor,
        .source = input->source,
        .action = action,
        .subject_kind = is_user ? SUBJECT_USER : SUBJECT_ORG,
        .subject_id = is_user ? creator->id : creator->org_id,
        .request_id = input->request_id,
    };
    return audit_append(scope, tx, &audit);
}

static result accept_dpa(struct scope *scope, struct tx *tx, const struct new_org *input,
                         const struct user *creator) {
    if (str_is_empty(input->dpa.version)) {
        return OK_RESULT;
    }
    TRY(org_store_insert_dpa(scope, tx, creator->org_id, creator->id, &input->dpa));
    return note(scope, tx, input, creator, AUDIT_DPA_ACCEPTED);
}

result org_create(struct scope *scope, struct tx *tx, const struct new_org *input, struct org *ret,
                  struct user *ret_creator) {
    REQUIRE(scope, is_slug(input->slug), INVALID, "org.slug");
    TRY(check_name(scope, input->name));
    TRY(check_dpa(scope, &input->dpa));
    const int64_t now_us = clock_now_us(scope->env->clock);
    const struct org org = {
        .id = uuid_v7(scope),
        .slug = input->slug,
        .name = input->name,
        .state = ORG_ACTIVE,
        .created_us = now_us,
        .changed_us = now_us,
    };
    TRY(route_slug(scope, tx, &org));
    TRY(org_store_insert(scope, tx, &org));
    TRY(event_stream_create(scope, tx, org.id));
    TRY(conversation_create_general(scope, tx, org.id));
    struct user creator;
    TRY(user_create(scope, tx, org.id, &input->creator, ROLE_CREATOR, false, &creator));
    TRY(note(scope, tx, input, &creator, AUDIT_ORG_CREATED));
    TRY(note(scope, tx, input, &creator, AUDIT_USER_CREATED));
    TRY(accept_dpa(scope, tx, input, &creator));
    *ret = org;
    *ret_creator = creator;
    return OK_RESULT;
}

result org_find_by_slug(struct scope *scope, struct db *db, struct str slug, struct org *ret) {
    REQUIRE(scope, is_slug(slug), NOT_FOUND, "org.unknown");
    struct lookup lookup;
    const result found = lookup_find(scope, db, LOOKUP_SLUG, slug, &lookup);
    REQUIRE(scope, found.code != NOT_FOUND, NOT_FOUND, "org.unknown");
    TRY(found);
    return org_find(scope, db, lookup.org_id, ret);
}

result org_rename(struct scope *scope, struct tx *tx, struct str org_id, struct str name) {
    TRY(check_name(scope, name));
    return org_store_rename(scope, tx, org_id, name);
}

result org_first_creator(struct scope *scope, struct db *db, struct str org_id, struct user *ret) {
    struct str id;
    TRY(org_store_first_creator(scope, db, org_id, &id));
    return user_find(scope, db, org_id, id, ret);
}
