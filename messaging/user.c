#include "messaging/user.h"

#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/fold.h"
#include "base/random.h"
#include "base/url.h"
#include "messaging/user_store.h"

static const char *const STATES[] = {
    [USER_INVITED] = "invited",       [USER_ACTIVE] = "active",
    [USER_SUSPENDED] = "suspended",   [USER_DEACTIVATED] = "deactivated",
    [USER_ANONYMISED] = "anonymised", [USER_ERASED] = "erased",
};

static_assert(sizeof STATES / sizeof STATES[0] == USER_STATE_COUNT, "every state has a name");

const char *user_state_name(enum user_state state) {
    assert(state < USER_STATE_COUNT);
    return STATES[state];
}

result user_state_parse(struct scope *scope, struct str text, enum user_state *ret) {
    for (size_t i = 0; i < USER_STATE_COUNT; i++) {
        if (str_eq(text, str_from_c(STATES[i]))) {
            *ret = (enum user_state) i;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "user.state");
}

static result check_line(struct scope *scope, struct str text, size_t limit) {
    REQUIRE(scope, text.len <= limit && str_is_utf8(text) && !str_has_control(text), INVALID,
            "user.name");
    return OK_RESULT;
}

static result fold_profile(struct scope *scope, const struct user_profile *profile,
                           struct user_keys *ret) {
    TRY(check_line(scope, profile->user_name, USER_NAME_MAX_BYTES));
    TRY(check_line(scope, profile->display_name, USER_NAME_MAX_BYTES));
    TRY(check_line(scope, profile->external_id, USER_NAME_MAX_BYTES));
    struct user_keys keys = {0};
    TRY(fold_key(scope, profile->user_name, &keys.name_key));
    REQUIRE(scope, !str_is_empty(keys.name_key), INVALID, "user.name");
    TRY(fold_key(scope,
                 str_is_empty(profile->display_name) ? profile->user_name : profile->display_name,
                 &keys.display_key));
    if (!str_is_empty(profile->email)) {
        struct str domain;
        REQUIRE(scope, profile->email.len <= USER_EMAIL_MAX_BYTES, INVALID, "user.email");
        REQUIRE(scope, is_ok(email_domain(scope, profile->email, &domain)), INVALID, "user.email");
        REQUIRE(scope, is_ok(fold_key(scope, profile->email, &keys.email_key)), INVALID,
                "user.email");
    }
    *ret = keys;
    return OK_RESULT;
}

struct page_of_users {
    int64_t limit;
    struct str cursor;
};

result user_create(struct scope *scope, struct tx *tx, struct str org_id,
                   const struct user_profile *profile, enum role role, bool is_directory_managed,
                   struct user *ret) {
    struct user_keys keys;
    TRY(fold_profile(scope, profile, &keys));
    const int64_t now_us = clock_now_us(scope->env->clock);
    const struct user user = {
        .org_id = org_id,
        .id = uuid_v7(scope),
        .user_name = profile->user_name,
        .display_name = profile->display_name,
        .email = profile->email,
        .external_id = profile->external_id,
        .state = USER_ACTIVE,
        .role = role,
        .is_directory_managed = is_directory_managed,
        .epoch = 1,
        .created_us = now_us,
        .changed_us = now_us,
    };
    TRY(user_store_insert(scope, tx, &user, &keys));
    *ret = user;
    return OK_RESULT;
}

result user_update_profile(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                           const struct user_profile *profile) {
    struct user_keys keys;
    TRY(fold_profile(scope, profile, &keys));
    const struct user user = {
        .org_id = org_id,
        .id = id,
        .user_name = profile->user_name,
        .display_name = profile->display_name,
        .email = profile->email,
        .external_id = profile->external_id,
        .changed_us = clock_now_us(scope->env->clock),
    };
    return user_store_update(scope, tx, &user, &keys);
}

/* What cannot be a key cannot be found either. */
static result key_of(struct scope *scope, struct str text, struct str *ret) {
    REQUIRE(scope, text.len <= USER_EMAIL_MAX_BYTES && is_ok(fold_key(scope, text, ret)), NOT_FOUND,
            "user.unknown");
    return OK_RESULT;
}

result user_find_by_name(struct scope *scope, struct db *db, struct str org_id,
                         struct str user_name, struct user *ret) {
    struct str key;
    TRY(key_of(scope, user_name, &key));
    return user_store_by_name_key(scope, db, org_id, key, ret);
}

result user_find_by_email(struct scope *scope, struct db *db, struct str org_id, struct str email,
                          struct user *ret) {
    struct str key;
    TRY(key_of(scope, email, &key));
    return user_store_by_email_key(scope, db, org_id, key, ret);
}

result user_is_known(struct scope *scope, struct db *db, struct str org_id,
                     const struct user_profile *profile, bool *ret) {
    struct user_keys keys;
    TRY(fold_profile(scope, profile, &keys));
    return user_store_is_known(scope, db, org_id, &keys, profile->external_id, ret);
}

static result list(struct scope *scope, struct db *db, struct str org_id, struct user_search search,
                   const struct page_of_users *page, struct user_list *ret) {
    REQUIRE(scope, str_is_empty(page->cursor) || uuid_is_valid(page->cursor), INVALID,
            "page.cursor");
    if (!str_is_empty(search.prefix_key)) {
        REQUIRE(scope, search.prefix_key.len <= USER_NAME_MAX_BYTES, INVALID, "user.name");
        TRY(fold_key(scope, search.prefix_key, &search.prefix_key));
    }
    return user_store_page(scope, db, org_id, &search, page->limit, page->cursor, ret);
}

result user_list(struct scope *scope, struct db *db, struct str org_id, struct str search,
                 int64_t limit, struct str cursor, struct user_list *ret) {
    const struct page_of_users page = {limit, cursor};
    return list(scope, db, org_id, (struct user_search){search, false}, &page, ret);
}

result user_list_directory(struct scope *scope, struct db *db, struct str org_id, struct str search,
                           int64_t limit, struct str cursor, struct user_list *ret) {
    const struct page_of_users page = {limit, cursor};
    return list(scope, db, org_id, (struct user_search){search, true}, &page, ret);
}
